import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { callersCanTellWhoWantsMtls } from "./access/callers-can-tell-who-wants-mtls.ts";
import { callersAreKnownByMtls, namedCallerHasAProxy } from "./access/callers-are-known-by-mtls.ts";
import { conditionCanBeMet } from "./routing/condition-can-be-met.ts";
import { externalAddressIsAnIp, externalHostIsAName, externalPortIsAPort } from "./externals/external-is-well-named.ts";
import { externalPortIsFree } from "./externals/external-port-is-free.ts";
import { folderSpeaksForItsNamespaces } from "./ownership/folder-speaks-for-its-namespaces.ts";
import { grantAddsSomething, grantIsNotRefused } from "./access/grant-adds-something.ts";
import { grantReachesOnlyWhomItNames } from "./access/grant-reaches-only-whom-it-names.ts";
import { headerEditsAreFew, headerEditsAreShort } from "./routing/header-edits-fit-proxies.ts";
import { guardedPortIsOneNumber } from "./access/guarded-port-is-one-number.ts";
import { httpConditionsNeedHttp } from "./access/http-conditions-need-http.ts";
import type { Law, Subject } from "./law.ts";
import { oneExternalForOneHost } from "./externals/one-external-for-one-host.ts";
import { oneIngressForOneHost } from "./routing/one-ingress-for-one-host.ts";
import { mandateIsAboutWhatThereIs } from "./ownership/mandate-is-about-what-there-is.ts";
import { onePolicyForOneSubject } from "./ownership/one-policy-for-one-subject.ts";
import { policyHasWorkloads } from "./ownership/policy-has-workloads.ts";
import { refusalIsMadeByTheCallee } from "./access/refusal-is-made-by-the-callee.ts";
import { routeCanBeReached } from "./routing/route-can-be-reached.ts";
import {
  oneMtlsModeForOneWorkload,
  servicesOnOneWorkloadAgreeOnAccess,
} from "./access/services-on-one-workload-agree.ts";
import { tryFitsIntoTimeout } from "./routing/try-fits-into-timeout.ts";
import { strictCalleesHaveProxiedCallers, usedServiceLetsItsUsersIn } from "./access/used-service-lets-its-users-in.ts";
import { usedPortSaysWhatItSpeaks } from "./routing/used-port-says-what-it-speaks.ts";
import { workloadCanBeToldFromOthers } from "./ownership/workload-can-be-told-from-others.ts";

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
  conditionCanBeMet,
  routeCanBeReached,
  tryFitsIntoTimeout,
  headerEditsAreShort,
  headerEditsAreFew,
  grantReachesOnlyWhomItNames,
  grantAddsSomething,
  grantIsNotRefused,
  callersAreKnownByMtls,
  namedCallerHasAProxy,
  usedServiceLetsItsUsersIn,
  refusalIsMadeByTheCallee,
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

/** What does not hold of a mesh. A written route stands in many route tables: what is wrong with it is told once. */
export const violations = (subject: Subject): readonly Diagnostic[] => {
  const found = laws.flatMap((law) => law(subject));
  return [
    ...new Map(found.map((one) => [JSON.stringify([one.code, one.message, one.place, one.related]), one])).values(),
  ];
};
