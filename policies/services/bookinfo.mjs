// All of Bookinfo in one file: which of its services this is, `WORKLOAD` says. Others are called through the proxy beside it.
import { createServer, request } from "node:http";

const [, name] = process.env.WORKLOAD.split("/");
const [, service, version] = /^(.*)-(v\d+)$/.exec(name);

/** GET of another service, with the headers by which routes tell users apart. */
const called = (host, path, { headers }) =>
  new Promise((resolve) => {
    const { "end-user": user } = headers;
    const url = new URL(path, process.env.MESH_9080);
    const asking = request(url, { headers: { host, ...(user && { "end-user": user }) } }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? JSON.parse(text) : { error: response.statusCode }),
      );
    });
    asking.on("error", (error) => resolve({ error: error.message }));
    asking.end();
  });

const answers = {
  productpage: async (asked) => {
    const [details, reviews] = await Promise.all([
      called("details:9080", "/details/0", asked),
      called("reviews:9080", "/reviews/0", asked),
    ]);
    return { details, reviews };
  },
  details: async () => ({ title: "The Comedy of Errors", pages: 200 }),
  reviews: async (asked) => ({
    version,
    text: "An extremely entertaining play by Shakespeare.",
    // The first version shows no stars.
    ...(version !== "v1" && { ratings: await called("ratings:9080", "/ratings/0", asked) }),
  }),
  ratings: async () => ({ stars: 5 }),
};

const server = createServer(async (asked, response) => {
  const answer = await answers[service](asked);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT), "127.0.0.1");
