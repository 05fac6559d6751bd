/** The steps of a plan, and every message key that a deployment shows, with its Portuguese sentence: portals translate by key, other readers get the sentence. */

/** Steps of a plan by message key; `{name}` stands for a parameter of the step. */
export const deploymentSteps = {
  check_resources: 'Verificando recursos disponíveis...',
  pull_image: 'Baixando imagem Docker {image}...',
  create_network: 'Criando rede {network}...',
  create_volumes: 'Criando volumes {volumes}...',
  create_secrets: 'Gerando segredos...',
  generate_certificates: 'Gerando certificados TLS...',
  start_service: 'Iniciando serviço {service}...',
  stop_service: 'Parando serviço {service}...',
  init_database: 'Configurando banco de dados {database}...',
  run_migrations: 'Aplicando migrações do banco de dados...',
  install_modules: 'Instalando módulos {modules}...',
  update_modules: 'Atualizando módulos {modules}...',
  collect_static: 'Preparando arquivos estáticos...',
  create_admin: 'Criando usuário administrador {user}...',
  init_security: 'Inicializando segurança do indexador...',
  load_rules: 'Carregando regras e decodificadores...',
  backup_data: 'Fazendo cópia de segurança dos dados...',
  select_version: 'Selecionando a última versão estável...',
  restore_data: 'Restaurando dados da última cópia...',
  check_health: 'Verificando a saúde de {service}...',
  configure_route: 'Configurando rota {host}...',
  remove_route: 'Removendo rota {host}...',
  remove_containers: 'Removendo containers...',
  remove_volumes: 'Removendo volumes {volumes}...',
  remove_network: 'Removendo rede {network}...',
  remove_secrets: 'Removendo segredos...',
} as const

/** Message key of a step. */
export type StepId = keyof typeof deploymentSteps

/** Reasons of a failed deployment by message key. */
export const deploymentReasons = {
  image_pull_failed: 'Não foi possível baixar a imagem {image}.',
  port_in_use: 'A porta {port} já está em uso por outro serviço.',
  service_unhealthy: 'O serviço {service} não ficou saudável em {seconds} s.',
  service_exited: 'O serviço {service} terminou com o código {code}.',
  command_failed: 'O comando da etapa {step} terminou com o código {code}.',
  memory_short: 'Memória insuficiente: são necessários {needed}, há {free}.',
  no_backup: 'Não há cópia de segurança para restaurar.',
  docker_unreachable: 'A API do Docker não responde.',
  disk_full: 'Sem espaço em disco: são necessários {needed}, há {free}.',
  unknown_stack: 'O catálogo não tem o stack {stack}.',
  invalid_config: 'O valor do campo {field} não é aceito.',
  step_failed: 'A etapa {step} falhou.',
  worker_lost: 'O processo que executava o deployment foi perdido e não foi possível continuar.',
} as const

/** Message key of a reason. */
export type ReasonId = keyof typeof deploymentReasons

/** What a person can do after the end, by message key. */
export const deploymentNextSteps = {
  open_instance: 'Abra a instância',
  change_password: 'Troque a senha do administrador',
  invite_team: 'Convide a equipe',
  set_up_backups: 'Configure cópias de segurança',
  see_logs: 'Veja os logs',
  retry_deployment: 'Tente novamente',
} as const

/** Message key of something a person can do next. */
export type NextStepId = keyof typeof deploymentNextSteps

/** Values of a message's parameters. */
export type MessageParams = Record<string, string | number>

/** Fills a sentence's parameters in; one that is missing stays as its name. */
export function renderSentence(sentence: string, params: MessageParams): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => String(params[name] ?? name))
}

/** One step of a plan. */
export interface PlanStep {
  /** Message key; unique in a plan together with `params.service`. */
  id: StepId
  params: MessageParams
  /** Expected seconds. */
  weight: number
  /** The step as a Portuguese sentence. */
  currentStep: string
}

/** Name of a step that is unique in its plan. */
export function stepKey(step: PlanStep): string {
  const service = step.params['service']
  return service === undefined ? step.id : `${step.id}.${service}`
}
