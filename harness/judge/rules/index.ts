import type { Rule } from '../verdict.ts';
import { latestOf } from './versions.ts';
import { FO_1 } from './fo-1.ts';
import { FO_2 } from './fo-2.ts';
import { FO_3 } from './fo-3.ts';
import { FO_4 } from './fo-4.ts';
import { FO_5 } from './fo-5.ts';
import { FO_6 } from './fo-6.ts';
import { FO_7 } from './fo-7.ts';
import { FO_8 } from './fo-8.ts';
import { RT_1 } from './rt-1.ts';
import { RT_2 } from './rt-2.ts';
import { RT_3 } from './rt-3.ts';
import { RT_4 } from './rt-4.ts';
import { RT_5 } from './rt-5.ts';
import { RT_6 } from './rt-6.ts';
import { RT_7 } from './rt-7.ts';
import { RT_8 } from './rt-8.ts';
import { SF_1 } from './sf-1.ts';
import { SF_10 } from './sf-10.ts';
import { SF_11 } from './sf-11.ts';
import { SF_2 } from './sf-2.ts';
import { SF_3 } from './sf-3.ts';
import { SF_4 } from './sf-4.ts';
import { SF_5 } from './sf-5.ts';
import { SF_6 } from './sf-6.ts';
import { SF_7 } from './sf-7.ts';
import { SF_8 } from './sf-8.ts';
import { SF_9 } from './sf-9.ts';
import { SWM_1 } from './swm-1.ts';
import { SWM_10 } from './swm-10.ts';
import { SWM_11 } from './swm-11.ts';
import { SWM_12 } from './swm-12.ts';
import { SWM_13 } from './swm-13.ts';
import { SWM_14 } from './swm-14.ts';
import { SWM_15 } from './swm-15.ts';
import { SWM_2 } from './swm-2.ts';
import { SWM_3 } from './swm-3.ts';
import { SWM_4 } from './swm-4.ts';
import { SWM_5 } from './swm-5.ts';
import { SWM_6 } from './swm-6.ts';
import { SWM_7 } from './swm-7.ts';
import { SWM_8 } from './swm-8.ts';
import { SWM_9 } from './swm-9.ts';

/**
 * Every version of every rule that a profile may pin, in the order in which reports list them. An older version stays here, in a
 * file of its own (`swm-3-v1.ts`), so that an upgrade turns nothing red in silence.
 */
export const ALL_RULES: readonly Rule[] = [
  SWM_1,
  SWM_2,
  SWM_3,
  SWM_4,
  SWM_5,
  SWM_6,
  SWM_7,
  SWM_8,
  SWM_9,
  SWM_10,
  SWM_11,
  SWM_12,
  SWM_13,
  SWM_14,
  SWM_15,
  RT_1,
  RT_2,
  RT_3,
  RT_4,
  RT_5,
  RT_6,
  RT_7,
  RT_8,
  FO_1,
  FO_2,
  FO_3,
  FO_4,
  FO_5,
  FO_6,
  FO_7,
  FO_8,
  SF_1,
  SF_2,
  SF_3,
  SF_4,
  SF_5,
  SF_6,
  SF_7,
  SF_8,
  SF_9,
  SF_10,
  SF_11,
];

/** The latest version of each rule. */
export const RULES: readonly Rule[] = latestOf(ALL_RULES);
