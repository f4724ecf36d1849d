import type { ServedConfiguration } from '../../emulator.ts';

/**
 * The text of LICMTR.CFG: lines end in CR LF, durations are whole seconds, rounded up. `ContinuousOffline`, `GoOnLineInt`,
 * `TriesBeforeOffline`, `LicenseServers` and `UncDbPath` are the field's own keys (Q199747); the others fill what it leaves open.
 */
export function configurationText(configuration: ServedConfiguration): string {
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
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function wholeSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000);
}
