/**
 * Users, revocations, devices and idempotency records. Texts that are keys sort by their bytes (COLLATE "C"): an index in
 * the order of a language breaks when the operating system changes that order.
 */
export const people = {
  number: 1,
  name: 'people',
  sql: `
CREATE TABLE users (
  user_id    text COLLATE "C" PRIMARY KEY,
  name       text NOT NULL,
  avatar_url text,
  locale     text,
  -- JSON as it was given: jsonb would change numbers, the order of keys, and refuse lone surrogates
  properties text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE erasures (
  user_id   text COLLATE "C" PRIMARY KEY,
  erased_at bigint NOT NULL
);

CREATE INDEX erasures_by_time ON erasures (erased_at, user_id);

CREATE TABLE revocations (
  position   bigint PRIMARY KEY,
  user_id    text,
  token_id   text,
  at         double precision NOT NULL,
  expires_at double precision NOT NULL
);

-- The last position given. Who revokes holds this row until the commit, so positions become visible in their order and
-- none is given twice, also after a purge. A sequence would let 8 be seen before 7.
CREATE TABLE revocation_order (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  last bigint NOT NULL
);

INSERT INTO revocation_order (last) VALUES (0);

-- Room on each page for the next version of a row that changes all the time. No index on seen_at: each ack would move it.
CREATE TABLE devices (
  user_id   text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  epoch     text NOT NULL,
  seq       bigint NOT NULL,
  seen_at   bigint NOT NULL,
  PRIMARY KEY (user_id, device_id)
) WITH (fillfactor = 70);

CREATE TABLE idempotency (
  principal    text COLLATE "C" NOT NULL,
  route        text COLLATE "C" NOT NULL,
  key          text COLLATE "C" NOT NULL,
  body_hash    text NOT NULL,
  started_at   bigint NOT NULL,
  lease_until  bigint NOT NULL,
  -- null until there is an answer
  status       integer,
  content_type text,
  body         text,
  PRIMARY KEY (principal, route, key)
) WITH (fillfactor = 70);

CREATE INDEX idempotency_by_time ON idempotency (started_at);
`,
} as const
