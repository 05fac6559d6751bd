import { describe } from 'vitest'
import { databaseContract } from './database-contract.ts'
import { openPrepared } from './prepared-database.ts'

describe('the database port on PGlite', () => { databaseContract(openPrepared) })
