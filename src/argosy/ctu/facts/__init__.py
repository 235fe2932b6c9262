"""What the brain knows of an account, a device, a payee: declared once, computed on line and off line.

- `declared`: a fact, a set of facts, and what is wrong with a declaration; `starter/*.toml` are facts;
- `filters`: which entries a fact counts, from CEL;
- `plan`, `windows`, `kernel`: what has to be kept for a set, buckets under a sliding cursor, and the code
  that is written once for the set: read and fold an event in microseconds;
- `online`: the facts of a process (`Facts`); `flights` is what it has judged and the log does not know;
- `process` keeps states in memory over PostgreSQL, `in_redis` in Redis or a cluster, `packing` is their
  form, `following` reads the log for both;
- `sets` publishes, `filling` fills a new set from history;
- `offline` computes the same over history, `graph` adds facts that no single account shows.

`docs/risk/facts.md` says exactly what each aggregate means; the tests compare all of this with it.
"""
