// What the arcs of the run that is served are, and the words for it: follows, reactions of a log, or edges without a
// direction. In files and answers those are called followers whom an edge connects, too; people read "neighbours".

let kind = null;

/** Said by whoever asks what is served (known.js). */
export const speakOf = (ties) => { kind = ties ?? null; };

/** Whether the run's graph has no directions: nobody follows anybody. */
export const edges = () => kind === "edges";

/** "follower", or what one is called here. */
export const follower = () => (edges() ? "neighbour" : "follower");
export const Followers = () => (edges() ? "Neighbours" : "Followers");

// The longer first. Whoever adds one looks whether the sentences below hold it.
const OF_EDGES = [
  ["followers and people who react", "neighbours and people who react"],
  ["followed by many", "connected with many"],
  ["followed from", "connected with"],
  ["those who follow or react to it", "those who are connected with it or react to it"],
  ["gives whom it follows", "gives whom it is connected with"],
  ["no follow graph was read", "no graph was read"],
  ["not in the follow graph", "not in the graph"],
  ["graph of who follows whom", "graph of who is connected with whom"],
  ["who follows whom", "who is connected with whom"],
  ["Who follows whom", "Who is connected with whom"],
  ["Most followed", "Most connected"],
  ["followers", "neighbours"],
  ["follower", "neighbour"],
];

/** A sentence of the page about follows, as it is told of this run; no names of others may be in it. */
export const told = (text) => (edges() ? OF_EDGES.reduce((said, [of, now]) => said.replaceAll(of, now), text) : text);
