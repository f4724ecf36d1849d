import type { ServerSetup } from '../../emulator.ts';

/**
 * The text of LICMTR.CFG: lines end in CR LF, durations are whole seconds, rounded up. `ContinuousOffline`, `GoOnLineInt`,
 * `TriesBeforeOffline`, `LicenseServers` and `UncDbPath` are the field's own keys (Q199747); the others fill what it leaves open.
 */
export function configurationText({
  configuration,
  forbidden,
  excludedPrograms = 0,
}: Pick<ServerSetup, 'configuration' | 'forbidden' | 'excludedPrograms'>): string {
  const { version, mode, attempts, servers } = configuration;
  const lines = [
    '[LicMtr]',
    `Version=${version}`,
    `ContinuousOffline=${mode === 'offline' ? 1 : 0}`,
    `GoOnLineInt=${wholeSeconds(configuration.retryDelayMs)}`,
    `TriesBeforeOffline=${attempts}`,
    `PollingInterval=${wholeSeconds(configuration.pollingIntervalMs)}`,
    `LiveStatusInterval=${wholeSeconds(configuration.liveStatusIntervalMs)}`,
    `LicenseServers=${servers.join(',')}`,
    ...servers.flatMap((server) => ['', `[${server}]`, `UncDbPath=\\\\${server}\\LicMtr`]),
    ...listOf('ForbiddenPrograms', forbidden),
    // Lists of 3.5 MB and more were seen in the field (Q311467): 34 bytes a program.
    ...listOf('ExcludedPrograms', Array.from({ length: excludedPrograms }, excludedProgram)),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function listOf(section: string, programs: readonly string[]): readonly string[] {
  return programs.length > 0
    ? ['', `[${section}]`, ...programs.map((program) => `${program}=1`)]
    : [];
}

function excludedProgram(_: unknown, index: number): string {
  return `excluded-program-${String(index + 1).padStart(9, '0')}.exe`;
}

function wholeSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000);
}
