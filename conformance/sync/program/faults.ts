import type { ServerResponse } from "node:http";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { touched } from "./compared.ts";
import type { Meddling, Passing } from "./front.ts";
import { asWanted, atRest, edited, foreigners, pathOf, takenOver, turns } from "./scene.ts";
import type { Ended, Stage } from "./stage.ts";

/** A refusal as the API server words one. */
const refused = (
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): "answered" => {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }));
  return "answered";
};

const isTrial = ({ method, path }: Passing): boolean => method === "PATCH" && path.includes("dryRun=All");
const theirs = { hosts: ["reviews"], http: [{ route: [{ destination: { host: "theirs" } }] }] };

/** What passes by itself is waited for, what does not is said, and nothing is left half, lost or forced. */
export const faults = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { server, front, held, once } = stage;
  const next = turns(stage);
  const reviews = async (): Promise<KubeObject> => {
    const found = (await held()).get("VirtualService bookinfo/reviews");
    if (found === undefined) throw new Error("reviews is not there");
    return found;
  };
  const byHand = async (): Promise<string | undefined> =>
    (await held()).get("VirtualService bookinfo/by-hand")?.metadata.resourceVersion;
  next();
  await once();

  /** One run is enough, whatever `meddling` does to each request for the first time. */
  const passing = (law: string, meddling: () => Meddling): Promise<void> =>
    judged(verdicts, law, async () => {
      // Both ways: what is created in one is deleted in the other.
      for (const way of ["there", "back"]) {
        const before = await byHand();
        next();
        front.meddle(meddling());
        const { code, output } = await once();
        front.meddle({});
        const why = difference(code, 0) ?? (await asWanted(stage)) ?? difference(await byHand(), before);
        if (why !== undefined) return `${way}: ${why}\n${output}`;
      }
      return undefined;
    });
  const each = (met: (passing: Passing) => boolean): ((passing: Passing) => boolean) => {
    const seen = new Set<string>();
    return (passing) => {
      const name = `${passing.method} ${passing.path}`;
      return met(passing) && !seen.has(name) && seen.add(name) !== undefined;
    };
  };
  const first = (answer: (response: ServerResponse) => "answered") => (): Meddling => {
    const isMet = each(({ isWrite }) => isWrite);
    return { before: (passing, response) => (isMet(passing) ? answer(response) : "pass") };
  };

  await passing(
    "an API server that asks to be spared is, for as long as it says",
    first((response) => refused(response, 429, "TooManyRequests", "too many requests", { "retry-after": "1" })),
  );
  await passing(
    "an API server that fails once is asked again",
    first((response) => refused(response, 500, "InternalError", "etcdserver: leader changed")),
  );
  await passing(
    "a connection that is reset before a write arrives does no harm",
    first((response) => {
      response.destroy();
      return "answered";
    }),
  );
  await passing("a connection that is reset after a write was stored does no harm", () => {
    const isMet = each(({ isWrite }) => isWrite);
    return {
      after: (passing, response) => {
        if (!isMet(passing)) return "pass";
        response.destroy();
        return "answered";
      },
    };
  });

  /** A refusal that stays is asked for once, said, and nothing is written. */
  const lasting = (law: string, code: number, reason: string, message: string): Promise<void> =>
    judged(verdicts, law, async () => {
      next();
      const before = await held();
      const asked: string[] = [];
      front.meddle({
        before: (passing, response) => {
          if (!isTrial(passing)) return "pass";
          asked.push(passing.path);
          return refused(response, code, reason, message);
        },
      });
      const { code: ended, output } = await once();
      const writes = front.writes();
      front.meddle({});
      const why =
        difference([ended, writes], [1, []]) ??
        difference(touched(before, await held()), []) ??
        difference(new Set(asked).size, asked.length) ??
        (asked.length > 0 && output.includes('"reason":"Invalid"') && output.includes(message)
          ? undefined
          : "not said");
      if (why !== undefined) return `${why}\n${output}`;
      const again = await once();
      return difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
    });
  await lasting(
    "a failure that is the object's is not tried again",
    500,
    "InternalError",
    "failed to create typed patch object (bookinfo/reviews): .spec.nothing: field not declared in schema",
  );
  await lasting(
    "an object that is refused is said, and nothing of its commit is written",
    422,
    "Invalid",
    "spec.http: Required value",
  );

  await judged(
    verdicts,
    "what another manager took is not forced: it is said whose and which, and nothing is written",
    async () => {
      await takenOver(stage, await reviews(), { spec: theirs }, "rival");
      next();
      const before = await held();
      front.meddle({});
      const { code, output } = await once();
      const why =
        difference([code, front.writes()], [1, []]) ??
        difference(touched(before, await held()), []) ??
        (/"reason":"Conflict".*VirtualService bookinfo\/reviews.*\.spec\.http \(rival\)/.test(output)
          ? undefined
          : "not said");
      // It gives up what it took.
      await takenOver(stage, await reviews(), {}, "rival");
      const again = await once();
      return (why && `${why}\n${output}`) ?? difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
    },
  );

  /** What happens to an object right before it is deleted, in a commit that takes it away. */
  const deleting = async (
    meddled: (object: KubeObject) => Promise<unknown>,
  ): Promise<Ended & { readonly name: string; readonly isMet: boolean }> => {
    next("larger");
    await once();
    const before = await held();
    next("smaller");
    const wanted = await stage.wanted();
    const [name, object] = [...before].find(([each]) => !wanted.has(each) && !foreigners.has(each))!;
    let isMet = false;
    front.meddle({
      before: async ({ method, isWrite, path }) => {
        if (method === "DELETE" && isWrite && !isMet && path.startsWith(pathOf(object))) {
          isMet = true;
          await meddled(object);
        }
        return "pass" as const;
      },
    });
    const ended = await once();
    front.meddle({});
    return { ...ended, name, isMet };
  };
  await judged(verdicts, "an object that somebody edits while it is deleted is deleted still", async () => {
    const { code, output, isMet } = await deleting((object) =>
      edited(stage, object, { metadata: { labels: { team: "theirs" } } }),
    );
    return difference([code, isMet], [0, true])?.concat(output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "another object of the same name is not the one that is to be deleted", async () => {
    const { code, output, name, isMet } = await deleting(async (object) => {
      await server.kube.delete([object]);
      await takenOver(stage, object, { spec: object["spec"] }, "rival");
    });
    const left = (await held()).get(name);
    const why =
      difference([code, isMet], [1, true]) ??
      (left === undefined ? `${name} is gone` : undefined) ??
      (output.includes(`${name} is another object by now`) ? undefined : "not said");
    if (left !== undefined) await server.kube.delete([left]);
    const again = await once();
    return (why && `${why}\n${output}`) ?? difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "after all of these faults there is nothing left to do", () => atRest(stage));
};
