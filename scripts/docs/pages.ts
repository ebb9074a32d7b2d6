import { allCommands } from '../../server/src/cli/commands.ts'
import { cliPage } from '../../server/src/cli/reference.ts'
import { referencePage } from '../../server/src/config/reference.ts'
import { generatedDeployFiles } from '../deploy/files.ts'
import { errorsPage } from './errors.ts'
import { metricsPage } from './metrics.ts'

/** The pages and files that are made from tables in the code, by path from the root of the repository. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/reference/configuration.md', referencePage()],
    ['docs/reference/cli.md', cliPage(await allCommands())],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/metrics.md', await metricsPage()],
    ...(await generatedDeployFiles()),
  ])
}
