import type { Rule } from '../verdict.ts';
import { FO_1 } from './fo-1.ts';
import { FO_2 } from './fo-2.ts';
import { FO_3 } from './fo-3.ts';
import { FO_4 } from './fo-4.ts';
import { FO_6 } from './fo-6.ts';
import { RT_1 } from './rt-1.ts';
import { RT_4 } from './rt-4.ts';
import { SF_1 } from './sf-1.ts';
import { SF_2 } from './sf-2.ts';
import { SF_5 } from './sf-5.ts';
import { SF_6 } from './sf-6.ts';
import { SWM_1 } from './swm-1.ts';
import { SWM_2 } from './swm-2.ts';
import { SWM_3 } from './swm-3.ts';
import { SWM_4 } from './swm-4.ts';

/** All rules, in the order in which reports list them. */
export const RULES: readonly Rule[] = [
  SWM_1,
  SWM_2,
  SWM_3,
  SWM_4,
  RT_1,
  RT_4,
  FO_1,
  FO_2,
  FO_3,
  FO_4,
  FO_6,
  SF_1,
  SF_2,
  SF_5,
  SF_6,
];
