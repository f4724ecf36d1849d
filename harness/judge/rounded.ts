// What a machine's clock measured, for a reader: `1s517ms481us267ns` says no more than `1s517ms`. Traces stay exact.
import type { Finding, Judgement } from './verdict.ts';

/** Of a second or more: its days to seconds, its milliseconds, and what is dropped. */
const LONG = /(?<![\w.])((?:\d+[dhms])+(?:\d+ms)?)(?:\d+us(?:\d+ns)?|\d+ns)(?!\w)/g;

/** Durations of a second or more in whole milliseconds, rounded down; everything else as it is. */
export function rounded(text: string): string {
  return text.replaceAll(LONG, '$1');
}

/** The same judgement; its texts rounded, its measures exact. Expected lines are quoted from the case and stay. */
export function inRoundTimes(judgement: Judgement): Judgement {
  const { reason, findings, rules } = judgement;
  return {
    ...judgement,
    ...(reason !== undefined && { reason: rounded(reason) }),
    findings: findings.map(roundedFinding),
    rules: rules.map((rule) => ({
      ...rule,
      why: rounded(rule.why),
      ...(rule.finding && { finding: roundedFinding(rule.finding) }),
    })),
  };
}

function roundedFinding(finding: Finding): Finding {
  const { expected, actual, by } = finding;
  return {
    ...finding,
    expected: rounded(expected),
    actual: rounded(actual),
    ...(by !== undefined && { by: rounded(by) }),
  };
}
