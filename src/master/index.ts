export { decodeUserData, EnslavismError, type ErrorCode, type Reject } from '../wire/index.js';
export type { AuthInfo } from './admission.js';
export type { MasterLimits } from './limits.js';
export { type LinkInfo, type ListedSlave, Master, type MasterEvents, type MasterOptions } from './master.js';
export type { Service, ServicePeer, ServiceRoute } from './service.js';
export { type IntroductionOptions, introduction } from './services/introduction.js';
export type { IntroductionLimits } from './services/limits.js';
