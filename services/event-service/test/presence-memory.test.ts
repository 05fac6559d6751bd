import { createMemoryStore } from '../src/presence/memory.ts'
import { presenceStoreContract } from './presence-contract.ts'

presenceStoreContract('in memory', () => Promise.resolve(createMemoryStore()))
