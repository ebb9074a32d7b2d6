import { alertsFile } from './alerts.ts'
import { dashboardFile } from './dashboard.ts'
import { valuesSchemaFile } from './values-schema.ts'

const chart = 'deploy/helm/headwater'

/** The files of deploy/ that are made from tables in the code, by path from the root of the repository. */
export async function generatedDeployFiles(): Promise<readonly (readonly [path: string, text: string])[]> {
  return [
    [`${chart}/files/dashboard.json`, await dashboardFile()],
    [`${chart}/files/alerts.yaml`, alertsFile()],
    [`${chart}/values.schema.json`, valuesSchemaFile()],
  ]
}
