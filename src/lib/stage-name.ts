/** As offices write it: `14` is "H-14", `-7`, a week after the end, is "H+7". */
export function stageName(stage: number): string {
  return stage < 0 ? `H+${-stage}` : `H-${stage}`
}
