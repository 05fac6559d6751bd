/** Passwords as scrypt hashes (RFC 7914) that carry their parameters: `scrypt$log2N$r$p$salt$hash`. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const BLOCK_SIZE = 8
const PARALLELIZATION = 1
const KEY_BYTES = 32
const SALT_BYTES = 16

/** 32 MiB and about 60 ms per attempt. */
const DEFAULT_COST = 15

interface Parameters {
  cost: number
  blockSize: number
  parallelization: number
}

/** See {@link createPasswords}. */
export interface Passwords {
  hash: (password: string) => Promise<string>
  /** Whether the password fits. Without a hash (unknown account) it works as long and answers `false`. */
  verify: (password: string, hash: string | undefined) => Promise<boolean>
}

/**
 * Creates the password check.
 * @param cost log2 of scrypt's N. Less than 15 is for tests. @default 15
 */
export function createPasswords(cost: number = DEFAULT_COST): Passwords {
  const parameters = { cost, blockSize: BLOCK_SIZE, parallelization: PARALLELIZATION }
  const nobody = format(parameters, randomBytes(SALT_BYTES), randomBytes(KEY_BYTES))
  return {
    hash: async password => {
      const salt = randomBytes(SALT_BYTES)
      return format(parameters, salt, await derive(password, salt, parameters))
    },
    verify: async (password, hash) => {
      const { salt, key, ...kept } = parse(hash ?? nobody)
      const isEqual = timingSafeEqual(await derive(password, salt, kept), key)
      return isEqual && hash !== undefined
    },
  }
}

function format({ cost, blockSize, parallelization }: Parameters, salt: Buffer, key: Buffer): string {
  return ['scrypt', cost, blockSize, parallelization, salt.toString('base64url'), key.toString('base64url')].join('$')
}

function parse(hash: string): Parameters & { salt: Buffer, key: Buffer } {
  const [scheme, cost, blockSize, parallelization, salt = '', key = ''] = hash.split('$')
  const decoded = Buffer.from(key, 'base64url')
  if (scheme !== 'scrypt' || decoded.length !== KEY_BYTES) throw new TypeError('this is no password hash of ours')
  return { cost: Number(cost), blockSize: Number(blockSize), parallelization: Number(parallelization), salt: Buffer.from(salt, 'base64url'), key: decoded }
}

function derive(password: string, salt: Buffer, { cost, blockSize, parallelization }: Parameters): Promise<Buffer> {
  const N = 2 ** cost
  const options = { N, r: blockSize, p: parallelization, maxmem: 256 * N * blockSize }
  return new Promise((resolve, reject) => {
    // The same person may type one character in two Unicode forms.
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => { if (error) reject(error); else resolve(key) })
  })
}
