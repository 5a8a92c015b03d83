import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { callersCanTellWhoWantsMtls } from "./callers-can-tell-who-wants-mtls.ts";
import { callersAreKnownByMtls, namedCallerHasAProxy } from "./callers-are-known-by-mtls.ts";
import { externalAddressIsAnIp, externalHostIsAName, externalPortIsAPort } from "./external-is-well-named.ts";
import { externalPortIsFree } from "./external-port-is-free.ts";
import { folderSpeaksForItsNamespaces } from "./folder-speaks-for-its-namespaces.ts";
import { grantReachesOnlyWhomItNames } from "./grant-reaches-only-whom-it-names.ts";
import { guardedPortIsOneNumber } from "./guarded-port-is-one-number.ts";
import { httpConditionsNeedHttp } from "./http-conditions-need-http.ts";
import type { Law, Subject } from "./law.ts";
import { oneExternalForOneHost } from "./one-external-for-one-host.ts";
import { oneIngressForOneHost } from "./one-ingress-for-one-host.ts";
import { mandateIsAboutWhatThereIs } from "./mandate-is-about-what-there-is.ts";
import { onePolicyForOneSubject } from "./one-policy-for-one-subject.ts";
import { policyHasWorkloads } from "./policy-has-workloads.ts";
import { routeCanBeReached } from "./route-can-be-reached.ts";
import { oneMtlsModeForOneWorkload, servicesOnOneWorkloadAgreeOnAccess } from "./services-on-one-workload-agree.ts";
import { tryFitsIntoTimeout } from "./try-fits-into-timeout.ts";
import { strictCalleesHaveProxiedCallers, usedServiceLetsItsUsersIn } from "./used-service-lets-its-users-in.ts";
import { usedPortSaysWhatItSpeaks } from "./used-port-says-what-it-speaks.ts";
import { workloadCanBeToldFromOthers } from "./workload-can-be-told-from-others.ts";

/** Every law; their order is the order of reports about one place. */
export const laws: readonly Law[] = [
  folderSpeaksForItsNamespaces,
  mandateIsAboutWhatThereIs,
  onePolicyForOneSubject,
  oneIngressForOneHost,
  oneExternalForOneHost,
  externalHostIsAName,
  externalPortIsAPort,
  externalAddressIsAnIp,
  externalPortIsFree,
  routeCanBeReached,
  tryFitsIntoTimeout,
  grantReachesOnlyWhomItNames,
  callersAreKnownByMtls,
  namedCallerHasAProxy,
  usedServiceLetsItsUsersIn,
  httpConditionsNeedHttp,
  guardedPortIsOneNumber,
  servicesOnOneWorkloadAgreeOnAccess,
  oneMtlsModeForOneWorkload,
  callersCanTellWhoWantsMtls,
  strictCalleesHaveProxiedCallers,
  usedPortSaysWhatItSpeaks,
  policyHasWorkloads,
  workloadCanBeToldFromOthers,
];

/** What does not hold of a mesh. */
export const violations = (subject: Subject): readonly Diagnostic[] => laws.flatMap((law) => law(subject));
