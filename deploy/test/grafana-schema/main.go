// Command grafana-schema reads dashboards as strictly as Grafana's own schema says: fields that are missing, unknown or of another
// type, and values outside their limits, each with its path. Options of panels and questions are looked at by the schema of their kind.
//
// Usage: go run . FILE…
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func check(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var read dashboard.Dashboard
	var missed cog.BuildErrors
	// Without a fault this is a list without entries, which is not nil.
	if err := read.UnmarshalJSONStrict(text); err != nil && (!errors.As(err, &missed) || len(missed) > 0) {
		return err
	}
	return read.Validate()
}

func main() {
	kinds := cog.NewRuntime()
	kinds.RegisterPanelcfgVariant(stat.VariantConfig())
	kinds.RegisterPanelcfgVariant(timeseries.VariantConfig())
	kinds.RegisterDataqueryVariant(prometheus.VariantConfig())
	failed := false
	for _, file := range os.Args[1:] {
		if err := check(file); err != nil {
			failed = true
			fmt.Printf("%s\n%s\n", file, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
