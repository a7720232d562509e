import { join } from "node:path";

/** Where one user's queues are, below a home. */
export interface PoolqPaths {
  /** 0700. */
  readonly folder: string;
  /** What the user reads, and how far; on this machine alone. */
  readonly subscriptions: string;
  /** Held while subscriptions are changed; never replaced. */
  readonly subscriptionsLock: string;
  topic(topicId: string): TopicPaths;
}

/** Where one topic is that is, or was, written in this home. */
export interface TopicPaths {
  readonly folder: string;
  /** Held while anything below changes; never replaced. */
  readonly lock: string;
  /** What is being posted: one message to a line, complete and signed, before it has its place. */
  readonly pending: string;
  /** Who writes, and what was written last. */
  readonly allocator: string;
  /** One message to a file, `<message id>.json`. */
  readonly messages: string;
  /** What could not be believed, kept for a person to look at. */
  readonly quarantine: string;
  message(id: string): string;
}

export function poolqPaths(home: string): PoolqPaths {
  const folder = join(home, ".vigo-poolq");
  return {
    folder,
    subscriptions: join(folder, "subscriptions.json"),
    subscriptionsLock: join(folder, "subscriptions.lock"),
    topic: (topicId) => topicPaths(join(folder, topicId)),
  };
}

function topicPaths(folder: string): TopicPaths {
  const messages = join(folder, "messages");
  return {
    folder,
    lock: join(folder, "lock"),
    pending: join(folder, "pending.json"),
    allocator: join(folder, "allocator.json"),
    messages,
    quarantine: join(folder, "quarantine"),
    message: (id) => join(messages, `${id}.json`),
  };
}
