import { deviceStoreSuite } from '../../conformance/device-store.ts'
import { memoryDeviceStore } from './device-store.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(deviceStoreSuite, (storage) => memoryDeviceStore(storage.devices))
