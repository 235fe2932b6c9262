-- Group commit: one call makes a whole batch of postings durable, each accepted or refused on its own
-- as if they had come one after the other.
--
-- First a proof: one pass over the batch, netted per account, finds every posting that is certainly
-- good whatever the order. These are applied as sets. What cannot be proven is walked one by one, in
-- order, along the ladder of refusals; that ladder stands in one place only (gate.refusal). Because a
-- posting is walked whenever it touches an account, hold, order or limit that could not be proven,
-- the outcome equals that of walking them all.

CREATE SCHEMA gate;

CREATE TABLE gate.usage (
    party       uuid NOT NULL,
    key         text NOT NULL,
    day         date NOT NULL,
    month       date NOT NULL,
    year        date NOT NULL,
    day_minor   bigint NOT NULL,
    day_count   bigint NOT NULL,
    month_minor bigint NOT NULL,
    month_count bigint NOT NULL,
    year_minor  bigint NOT NULL,
    PRIMARY KEY (party, key)
) WITH (fillfactor = 50);

CREATE TYPE gate.order_row AS (
    grp int, creates boolean, id uuid, version int, product text, market text, state text,
    payer uuid, payee uuid, payer_account uuid, payee_account uuid,
    amount_minor bigint, currency text, created_at timestamptz, fee_minor bigint, fee_paid_by text,
    refunded_minor bigint, note text, deadline_at timestamptz, data jsonb, uses jsonb
);
CREATE TYPE gate.use_row AS (
    grp int, party uuid, key text, minor bigint, count int, day date, month date, year date,
    day_minor_max bigint, day_count_max bigint, month_minor_max bigint, month_count_max bigint,
    year_minor_max bigint
);
CREATE TYPE gate.event_row AS (
    grp int, id uuid, subject uuid, kind text, body json, parties uuid[]
);
CREATE TYPE gate.transfer_row AS (
    id uuid, action smallint, debit uuid, credit uuid, amount bigint, currency text, kind text,
    order_id uuid, hold uuid, up_to smallint, expires_at timestamptz, at timestamptz
);
CREATE TYPE gate.verdict AS (code int, amount bigint, at timestamptz, released bigint);

-- Why a limit would be crossed by one use, as the number of the refusal; 0 when it would not.
CREATE FUNCTION gate.limit_refusal(u gate.use_row, used gate.usage) RETURNS int
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN u.minor <= 0 THEN 0
        WHEN u.minor + CASE WHEN used.day >= u.day THEN used.day_minor ELSE 0 END
             > u.day_minor_max THEN 151
        WHEN u.count + CASE WHEN used.day >= u.day THEN used.day_count ELSE 0 END
             > u.day_count_max THEN 152
        WHEN u.minor + CASE WHEN used.month >= u.month THEN used.month_minor ELSE 0 END
             > u.month_minor_max THEN 153
        WHEN u.count + CASE WHEN used.month >= u.month THEN used.month_count ELSE 0 END
             > u.month_count_max THEN 154
        WHEN u.minor + CASE WHEN used.year >= u.year THEN used.year_minor ELSE 0 END
             > u.year_minor_max THEN 155
        ELSE 0 END
$$;

-- Count uses, given as one row a party and key. A use that gives back counts only in its own windows.
CREATE FUNCTION gate.count_uses(uses gate.use_row[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gate.usage AS g (party, key, day, month, year, day_minor, day_count, month_minor,
                                 month_count, year_minor)
    SELECT u.party, u.key, max(u.day), max(u.month), max(u.year),
           greatest(sum(u.minor), 0), greatest(sum(u.count), 0), greatest(sum(u.minor), 0),
           greatest(sum(u.count), 0), greatest(sum(u.minor), 0)
    FROM unnest(uses) u GROUP BY u.party, u.key ORDER BY u.party, u.key
    ON CONFLICT (party, key) DO UPDATE SET
        day = greatest(g.day, excluded.day),
        month = greatest(g.month, excluded.month),
        year = greatest(g.year, excluded.year),
        -- what comes late, from a window that is over, does not count in the one after it
        day_minor = CASE WHEN g.day > excluded.day THEN g.day_minor
            WHEN g.day = excluded.day THEN g.day_minor + excluded.day_minor
            ELSE excluded.day_minor END,
        day_count = CASE WHEN g.day > excluded.day THEN g.day_count
            WHEN g.day = excluded.day THEN g.day_count + excluded.day_count
            ELSE excluded.day_count END,
        month_minor = CASE WHEN g.month > excluded.month THEN g.month_minor
            WHEN g.month = excluded.month THEN g.month_minor + excluded.month_minor
            ELSE excluded.month_minor END,
        month_count = CASE WHEN g.month > excluded.month THEN g.month_count
            WHEN g.month = excluded.month THEN g.month_count + excluded.month_count
            ELSE excluded.month_count END,
        year_minor = CASE WHEN g.year > excluded.year THEN g.year_minor
            WHEN g.year = excluded.year THEN g.year_minor + excluded.year_minor
            ELSE excluded.year_minor END;
END $$;

CREATE FUNCTION gate.give_back(u gate.use_row) RETURNS void LANGUAGE sql AS $$
    UPDATE gate.usage g SET
        day_minor = greatest(g.day_minor + CASE WHEN g.day = u.day THEN u.minor ELSE 0 END, 0),
        day_count = greatest(g.day_count + CASE WHEN g.day = u.day THEN u.count ELSE 0 END, 0),
        month_minor = greatest(g.month_minor
                               + CASE WHEN g.month = u.month THEN u.minor ELSE 0 END, 0),
        month_count = greatest(g.month_count
                               + CASE WHEN g.month = u.month THEN u.count ELSE 0 END, 0),
        year_minor = greatest(g.year_minor + CASE WHEN g.year = u.year THEN u.minor ELSE 0 END, 0)
    WHERE g.party = u.party AND g.key = u.key
$$;

-- The ladder: why one transfer cannot be made, or 0 when it can. Rungs stand in the order of their
-- numbers (LedgerReason); the first that holds is the answer. `fits` is the amount after `up_to`.
CREATE FUNCTION gate.refusal(
    t gate.transfer_row, h ledger.holds, d ledger.accounts, c ledger.accounts, now_at timestamptz,
    OUT code int, OUT fits bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    room numeric;
    is_new boolean := t.action < 2;
BEGIN
    fits := t.amount;
    code := CASE
        WHEN is_new AND (t.amount IS NULL OR t.amount NOT BETWEEN 1 AND 1000000000000000) THEN 21
        WHEN t.action = 2 AND t.amount NOT BETWEEN 1 AND 1000000000000000 THEN 21
        WHEN is_new AND t.debit = t.credit THEN 22
        WHEN t.expires_at IS NOT NULL AND (t.action <> 1 OR t.at IS NOT NULL) THEN 23
        WHEN t.expires_at <= now_at THEN 24
        WHEN NOT is_new AND h.id IS NULL THEN 25
        WHEN NOT is_new AND (t.debit <> h.debit OR t.credit <> h.credit
                             OR t.currency <> h.currency) THEN 26
        WHEN NOT is_new AND h.state = 2 THEN 27
        WHEN NOT is_new AND h.state = 3 THEN 28
        WHEN NOT is_new AND (h.state = 4 OR t.action IN (2, 3) AND h.expires_at <= now_at) THEN 29
        WHEN t.action = 4 AND (h.expires_at IS NULL OR h.expires_at > now_at) THEN 30
        WHEN t.action = 2 AND t.amount > h.amount THEN 31
        WHEN d.id IS NULL THEN 32
        WHEN c.id IS NULL THEN 33
        WHEN d.currency <> t.currency OR c.currency <> t.currency THEN 34
        WHEN d.closed THEN 35
        WHEN c.closed THEN 36
        WHEN d.frozen AND t.action < 3 THEN 37
        WHEN c.frozen AND t.action < 3 THEN 38
        WHEN t.at > now_at THEN 39
        WHEN t.at < d.last_at OR t.at < c.last_at THEN 40
        ELSE 0 END;
    IF code > 0 THEN RETURN; END IF;
    IF NOT is_new THEN
        fits := CASE t.action WHEN 2 THEN coalesce(t.amount, h.amount) ELSE 0 END;
        RETURN;
    END IF;

    IF t.up_to > 0 THEN
        -- Shrink to what the named account can give or take within its bounds.
        SELECT min(bound) INTO room FROM (VALUES
            (CASE WHEN t.up_to = 1 AND d.side = 1 THEN ledger.available(d) - d.floor_minor END),
            (CASE WHEN t.up_to = 1 AND d.side = 0 THEN d.ceiling_minor - ledger.expected(d) END),
            (CASE WHEN t.up_to = 2 AND c.side = 1 THEN c.ceiling_minor - ledger.expected(c) END),
            (CASE WHEN t.up_to = 2 AND c.side = 0 THEN ledger.available(c) - c.floor_minor END)
        ) AS rooms (bound);
        fits := least(t.amount, coalesce(room, t.amount));
    END IF;
    code := CASE
        WHEN d.side = 1 AND (fits < 1 AND t.up_to = 1 OR ledger.available(d) - fits < d.floor_minor)
            THEN 41
        WHEN d.side = 0 AND (fits < 1 AND t.up_to = 1 OR ledger.expected(d) + fits > d.ceiling_minor)
            THEN 42
        WHEN c.side = 0 AND (fits < 1 AND t.up_to = 2 OR ledger.available(c) - fits < c.floor_minor)
            THEN 43
        WHEN c.side = 1 AND (fits < 1 AND t.up_to = 2 OR ledger.expected(c) + fits > c.ceiling_minor)
            THEN 44
        WHEN d.debits_posted::numeric + d.debits_pending + fits >= 4611686018427387904
          OR c.credits_posted::numeric + c.credits_pending + fits >= 4611686018427387904 THEN 45
        ELSE 0 END;
END $$;

-- The first field in which a transfer differs from the one that bears its id, as a refusal; or 0.
CREATE FUNCTION gate.difference(t gate.transfer_row, x ledger.transfers) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN t.action <> x.action THEN 10
        WHEN t.hold IS DISTINCT FROM x.hold THEN 11
        WHEN t.action < 2 AND t.debit IS DISTINCT FROM x.debit
          OR t.action >= 2 AND t.debit <> x.debit THEN 12
        WHEN t.action < 2 AND t.credit IS DISTINCT FROM x.credit
          OR t.action >= 2 AND t.credit <> x.credit THEN 13
        WHEN t.currency <> x.currency THEN 14
        WHEN t.amount IS DISTINCT FROM x.asked THEN 15
        WHEN t.up_to <> x.up_to THEN 16
        WHEN t.kind <> x.kind THEN 17
        WHEN t.order_id IS DISTINCT FROM x.order_id THEN 18
        WHEN t.expires_at IS DISTINCT FROM x.expires_at THEN 19
        WHEN t.at IS DISTINCT FROM CASE WHEN x.imported THEN x.at END THEN 20
        ELSE 0 END
$$;

-- The line of a transfer that the hash chain covers.
CREATE FUNCTION gate.line(x ledger.transfers) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', x.id, x.action, x.debit, x.credit,
                  x.amount, x.released, x.asked, x.currency, x.kind, x.order_id, x.hold, x.up_to,
                  ledger.micros(x.expires_at), ledger.micros(x.at), x.imported::int)
$$;

-- Walk one transfer: look along the ladder with both accounts held, and apply it if it is good.
-- The journal line comes back for the chain.
CREATE FUNCTION gate.walk(
    t gate.transfer_row, now_at timestamptz, p_lane smallint, p_segment bigint, p_position int,
    OUT code int, OUT fits bigint, OUT line text
) LANGUAGE plpgsql AS $$
DECLARE
    h ledger.holds;
    d ledger.accounts;
    c ledger.accounts;
    x ledger.transfers;
    moved bigint;
    pended bigint;
BEGIN
    IF t.action >= 2 THEN
        SELECT * INTO h FROM ledger.holds WHERE id = t.hold FOR UPDATE;
    END IF;
    PERFORM 1 FROM ledger.accounts
        WHERE id IN (coalesce(t.debit, h.debit), coalesce(t.credit, h.credit))
        ORDER BY id FOR UPDATE;
    SELECT * INTO d FROM ledger.accounts WHERE id = coalesce(t.debit, h.debit);
    SELECT * INTO c FROM ledger.accounts WHERE id = coalesce(t.credit, h.credit);
    SELECT r.code, r.fits INTO code, fits FROM gate.refusal(t, h, d, c, now_at) r;
    IF code > 0 THEN RETURN; END IF;
    IF greatest(d.last_at, c.last_at) > now_at + interval '5 s' THEN
        RAISE EXCEPTION 'the clock stands before what the ledger holds' USING ERRCODE = 'AR002';
    END IF;

    moved := CASE WHEN t.action IN (0, 2) THEN fits ELSE 0 END;
    pended := CASE WHEN t.action = 1 THEN fits WHEN t.action = 0 THEN 0 ELSE -h.amount END;
    UPDATE ledger.accounts SET
        debits_posted = debits_posted + moved, debits_pending = debits_pending + pended,
        entries = entries + 1, prior_entry = last_entry, last_entry = t.id,
        last_at = greatest(last_at, coalesce(t.at, now_at))
    WHERE id = d.id;
    UPDATE ledger.accounts SET
        credits_posted = credits_posted + moved, credits_pending = credits_pending + pended,
        entries = entries + 1, prior_entry = last_entry, last_entry = t.id,
        last_at = greatest(last_at, coalesce(t.at, now_at))
    WHERE id = c.id;
    INSERT INTO ledger.marks
        SELECT id, coalesce(t.at, now_at), entries, last_entry, debits_pending, debits_posted,
               credits_pending, credits_posted
        FROM ledger.accounts WHERE id IN (d.id, c.id) AND entries % 256 = 0;
    IF t.action = 1 THEN
        INSERT INTO ledger.holds (id, debit, credit, amount, expires_at, order_id, currency)
        VALUES (t.id, t.debit, t.credit, fits, t.expires_at, t.order_id, t.currency);
    ELSIF t.action >= 2 THEN
        UPDATE ledger.holds SET state = t.action, ended_at = now_at, ended_by = t.id WHERE id = h.id;
    END IF;
    x := ROW(t.id, d.id, c.id, d.last_entry, c.last_entry, t.order_id, t.hold, fits,
             CASE WHEN t.action >= 2 THEN h.amount ELSE 0 END, t.amount, coalesce(t.at, now_at),
             t.expires_at, p_segment, p_position, p_lane, t.action, t.up_to, t.at IS NOT NULL,
             t.currency, t.kind)::ledger.transfers;
    INSERT INTO ledger.transfers SELECT x.*;
    line := gate.line(x);
END $$;

-- Why an order cannot be written as it is asked: 1 when this very order was made before.
CREATE FUNCTION gate.order_refusal(o gate.order_row) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    b orders.orders;
BEGIN
    SELECT * INTO b FROM orders.orders WHERE id = o.id FOR UPDATE;
    RETURN CASE
        WHEN o.creates AND b.id IS NULL THEN 0
        WHEN o.creates AND (o.product, o.market, o.amount_minor, o.currency, o.note)
             = (b.product, b.market, b.amount_minor, b.currency, b.note)
             AND o.payee IS NOT DISTINCT FROM b.payee
             AND (o.payer IS NOT DISTINCT FROM b.payer OR o.payer IS NULL) THEN 1
        WHEN o.creates THEN 201
        WHEN b.id IS NULL THEN 200
        WHEN b.version <> o.version THEN 202
        ELSE 0 END;
END $$;

-- Write the orders of a batch. False when one of them was not as it was expected to be.
CREATE FUNCTION gate.write_orders(p_orders gate.order_row[], p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    made bigint := 0;
    moved bigint := 0;
BEGIN
    INSERT INTO orders.orders (id, product, market, state, payer, payee, payer_account,
            payee_account, amount_minor, currency, created_at, fee_minor, fee_paid_by,
            refunded_minor, note, deadline_at, version, updated_at, data, uses)
        SELECT o.id, o.product, o.market, o.state, o.payer, o.payee, o.payer_account,
            o.payee_account, o.amount_minor, o.currency, o.created_at, o.fee_minor, o.fee_paid_by,
            o.refunded_minor, o.note, o.deadline_at, 1, p_at, o.data, o.uses
        FROM unnest(p_orders) o WHERE o.creates
        ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    IF EXISTS (SELECT FROM unnest(p_orders) o WHERE NOT o.creates) THEN
        UPDATE orders.orders x SET
            state = o.state, version = x.version + 1, updated_at = p_at,
            refunded_minor = coalesce(o.refunded_minor, x.refunded_minor),
            payer = coalesce(o.payer, x.payer), payee = coalesce(o.payee, x.payee),
            payer_account = coalesce(o.payer_account, x.payer_account),
            payee_account = coalesce(o.payee_account, x.payee_account),
            fee_minor = coalesce(o.fee_minor, x.fee_minor), deadline_at = o.deadline_at,
            data = coalesce(o.data, x.data), uses = x.uses || coalesce(o.uses, '[]'::jsonb)
        FROM unnest(p_orders) o
        WHERE NOT o.creates AND x.id = o.id AND x.version = o.version;
        GET DIAGNOSTICS moved = ROW_COUNT;
    END IF;
    RETURN made + moved = coalesce(cardinality(p_orders), 0);
END $$;

-- The transfers of a batch as rows. A function of its own, and not inlined, because the planner
-- must know that a batch is hundreds of rows: for arrays it guesses ten, and joins accordingly.
CREATE FUNCTION gate.asks(
    p_grp int[], p_id uuid[], p_action smallint[], p_debit uuid[], p_credit uuid[],
    p_amount bigint[], p_currency text[], p_kind text[], p_order uuid[], p_hold uuid[],
    p_up_to smallint[], p_expires timestamptz[], p_at timestamptz[]
) RETURNS TABLE (
    grp int, id uuid, action smallint, debit0 uuid, credit0 uuid, asked bigint, currency text,
    kind text, order_id uuid, hold uuid, up_to smallint, expires timestamptz, at timestamptz, ord bigint
) LANGUAGE sql VOLATILE ROWS 400 AS $$
    SELECT * FROM unnest(p_grp, p_id, p_action, p_debit, p_credit, p_amount, p_currency, p_kind,
                         p_order, p_hold, p_up_to, p_expires, p_at) WITH ORDINALITY
$$;

-- Hold all accounts of a batch, in the one order that everybody keeps to.
CREATE FUNCTION gate.hold_accounts(p_debit uuid[], p_credit uuid[], p_hold uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger.accounts a WHERE a.id = ANY (p_debit || p_credit || ARRAY(
            SELECT unnest(ARRAY[h.debit, h.credit]) FROM ledger.holds h WHERE h.id = ANY (p_hold)))
        ORDER BY a.id FOR UPDATE;
END $$;

-- Commit a batch. The p_t* arrays are its transfers, p_grp the posting each belongs to (1, 2, ...,
-- ascending); orders, uses and events name their posting too. `p_prove` asks to prove the accounts
-- before they are updated; without it the guards of the update are relied on, which is right while
-- nothing is refused. `p_held` asks to hold every account from the start. Both belong to the second
-- try, after a guard said no (AR001).
--
-- Tables are looked up by key, however small they were when a plan was made: they grow. Hence the
-- setting against sequential scans.
--
-- Answers `at`, the time of everything new, and one row of four arrays for each posting that was
-- walked and each transfer whose amount the caller cannot know: index (of the transfer, or minus the
-- posting's number for a word about the posting itself), code (0 made, 1 was there before, otherwise
-- the refusal), amount, time.
CREATE FUNCTION gate.commit(
    p_now timestamptz, p_lane smallint, p_prove boolean, p_held boolean, p_groups int,
    p_grp int[], p_id uuid[], p_action smallint[], p_debit uuid[], p_credit uuid[],
    p_amount bigint[], p_currency text[], p_kind text[], p_order uuid[], p_hold uuid[],
    p_up_to smallint[], p_expires timestamptz[], p_at timestamptz[],
    p_orders gate.order_row[], p_uses gate.use_row[], p_events gate.event_row[],
    OUT o_index int[], OUT o_code int[], OUT o_amount bigint[], OUT o_at timestamptz[]
) LANGUAGE plpgsql SET timezone = 'UTC' SET enable_seqscan = off AS $$
DECLARE
    total int := coalesce(cardinality(p_id), 0);
    has_holds boolean := p_hold IS NOT NULL;
    has_imports boolean := p_at IS NOT NULL;
    single_currency boolean := NOT p_currency[1] <> ANY (p_currency);
    doubtful int[];
    known uuid[];
    chain_segment bigint;
    chain_hash bytea;
    lines text;
    written int := 0;
    seen record;
    g int;
    i int;
    first int;
    code int;
    ask gate.transfer_row;
    walked record;
    there ledger.transfers;
    one_use gate.use_row;
    group_lines text;
    group_count int;
    group_index int[];
    group_codes int[];
    group_amounts bigint[];
    group_at timestamptz[];
    existed int;
    failed_at int;
BEGIN
    IF total > 0 THEN
        PERFORM pg_advisory_xact_lock(1634886515, p_lane);
        SELECT l.segment + 1, l.hash INTO chain_segment, chain_hash FROM ledger.lanes l
            WHERE l.lane = p_lane;
        IF chain_segment IS NULL THEN
            INSERT INTO ledger.lanes VALUES (p_lane, 0, sha256(''));
            chain_segment := 1;
            chain_hash := sha256('');
        END IF;
        IF p_held THEN
            PERFORM gate.hold_accounts(p_debit, p_credit, p_hold);
        END IF;
    END IF;

    -- 1. The proof. Each branch names the postings that it cannot vouch for. First what a transfer
    -- shows by itself.
    IF total > 0 THEN
        SELECT array_agg(b.id) INTO known FROM ledger.transfers b WHERE b.id = ANY (p_id);
        SELECT array_agg(DISTINCT t.grp) INTO doubtful
        FROM gate.asks(p_grp, p_id, p_action, p_debit, p_credit, p_amount, p_currency, p_kind,
                       p_order, p_hold, p_up_to, p_expires, p_at) t
        LEFT JOIN ledger.holds h ON h.id = t.hold
        WHERE CASE WHEN t.action < 2 THEN
                t.asked IS NULL OR t.asked NOT BETWEEN 1 AND 1000000000000000
                OR t.debit0 IS NULL OR t.credit0 IS NULL OR t.debit0 = t.credit0 OR t.up_to > 0
                OR t.expires IS NOT NULL AND (t.action = 0 OR has_imports OR t.expires <= p_now)
            ELSE
                h.id IS NULL OR h.state <> 0 OR t.debit0 <> h.debit OR t.credit0 <> h.credit
                OR t.currency <> h.currency OR t.expires IS NOT NULL
                OR coalesce(h.expires_at <= p_now, false) <> (t.action = 4)
                OR t.action = 2 AND (t.asked < 1 OR t.asked > h.amount)
            END OR t.id = ANY (known);
    END IF;
    IF total > 0 THEN
        IF has_holds THEN  -- a hold named twice, or made in this very batch
            SELECT doubtful || array_agg(DISTINCT b.grp) INTO doubtful FROM (
                SELECT b.grp, count(*) OVER (PARTITION BY b.hold) AS times
                FROM unnest(p_grp || p_grp, p_hold || p_id) AS b (grp, hold) WHERE b.hold IS NOT NULL
            ) b WHERE b.times > 1;
        END IF;
    END IF;
    IF p_orders IS NOT NULL THEN
        SELECT doubtful || array_agg(DISTINCT o.grp) INTO doubtful FROM (
            SELECT o.grp, o.creates, o.version, o.id, count(*) OVER (PARTITION BY o.id) AS times
            FROM unnest(p_orders) o
        ) o LEFT JOIN orders.orders b ON b.id = o.id
        WHERE o.times > 1 OR o.creates <> (b.id IS NULL) OR b.version <> o.version AND NOT o.creates;
    END IF;
    IF p_uses IS NOT NULL THEN
        SELECT doubtful || array_agg(DISTINCT m.grp) INTO doubtful FROM (
            SELECT m.*, sum(greatest(m.minor, 0)) OVER same AS all_minor,
                   sum(greatest(m.count, 0)) OVER same AS all_count,
                   min(m.day) OVER same <> max(m.day) OVER same AS straddles,
                   min(m.minor) OVER same <= 0 AS gives
            FROM unnest(p_uses) m WINDOW same AS (PARTITION BY m.party, m.key)
        ) m LEFT JOIN gate.usage b ON b.party = m.party AND b.key = m.key
        WHERE m.straddles OR m.gives OR gate.limit_refusal(
            ROW(m.grp, m.party, m.key, m.all_minor, m.all_count, m.day, m.month, m.year,
                m.day_minor_max, m.day_count_max, m.month_minor_max, m.month_count_max,
                m.year_minor_max)::gate.use_row, b) > 0;
    END IF;
    doubtful := array_remove(doubtful, NULL);
    IF cardinality(doubtful) = 0 THEN doubtful := NULL; END IF;
    -- Last the accounts, which a caller may leave to the guards below while nothing is refused: what is
    -- walked comes after what is not, so where anything is walked its accounts must be in no doubt.
    IF total > 0 AND (p_prove OR doubtful IS NOT NULL OR NOT single_currency) THEN
        WITH r AS MATERIALIZED (
            SELECT t.grp, t.currency,
                   coalesce(h.debit, t.debit0) AS debit, coalesce(h.credit, t.credit0) AS credit,
                   CASE WHEN t.action < 2 AND t.asked BETWEEN 1 AND 1000000000000000
                        THEN t.asked ELSE 0 END AS pressure,
                   t.up_to > 0 AS shrinks
            FROM gate.asks(p_grp, p_id, p_action, p_debit, p_credit, p_amount, p_currency, p_kind,
                           p_order, p_hold, p_up_to, p_expires, p_at) t
            LEFT JOIN ledger.holds h ON h.id = t.hold
        ), s AS (
            SELECT account, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits,
                   bool_or(shrinks) AS shrinks, min(currency) AS currency,
                   max(currency) AS other_currency
            FROM (SELECT debit AS account, pressure AS debits, 0 AS credits, shrinks, currency FROM r
                  UNION ALL SELECT credit, 0, pressure, shrinks, currency FROM r) e
            GROUP BY account
        ), unproven AS (
            SELECT s.account FROM s LEFT JOIN ledger.accounts a ON a.id = s.account
            WHERE a.id IS NULL OR a.closed OR a.frozen OR s.shrinks OR a.currency <> s.currency
               OR s.currency <> s.other_currency OR NOT ledger.proven(a, s.debits, s.credits)
        )
        SELECT doubtful || array_agg(DISTINCT r.grp) INTO doubtful FROM r
        WHERE r.debit IN (SELECT account FROM unproven) OR r.credit IN (SELECT account FROM unproven);
    END IF;
    IF has_imports AND (doubtful IS NOT NULL OR EXISTS (
        SELECT FROM (SELECT t.at, lag(t.at) OVER () AS before, t.debit, t.credit, t.hold
                     FROM unnest(p_at, p_debit, p_credit, p_hold) AS t (at, debit, credit, hold)
                    ) t
        LEFT JOIN ledger.holds h ON h.id = t.hold
        LEFT JOIN ledger.accounts a
            ON a.id IN (coalesce(h.debit, t.debit), coalesce(h.credit, t.credit))
        WHERE t.at IS NULL OR t.at > p_now OR t.at < t.before OR t.at < a.last_at)) THEN
        SELECT array_agg(n) INTO doubtful FROM generate_series(1, p_groups) n;
    END IF;

    -- Who walks takes accounts in the order of the postings, and so would meet others crosswise.
    IF doubtful IS NOT NULL AND NOT p_held THEN
        PERFORM gate.hold_accounts(p_debit, p_credit, p_hold);
    END IF;

    -- 2. What is proven, as sets. Guards repeat the proof on the rows as they are when updated.
    IF total > 0 THEN
        WITH r AS MATERIALIZED (
            SELECT t.*, coalesce(h.debit, t.debit0) AS debit, coalesce(h.credit, t.credit0) AS credit,
                   CASE t.action WHEN 2 THEN coalesce(t.asked, h.amount) WHEN 0 THEN t.asked
                        WHEN 1 THEN t.asked ELSE 0 END AS amount,
                   coalesce(h.amount, 0) AS released
            FROM gate.asks(p_grp, p_id, p_action, p_debit, p_credit, p_amount, p_currency, p_kind,
                           p_order, p_hold, p_up_to, p_expires, p_at) t
            LEFT JOIN ledger.holds h ON h.id = t.hold
            WHERE doubtful IS NULL OR t.grp <> ALL (doubtful)
        ), e AS MATERIALIZED (
            SELECT ord, id, debit AS account, 0 AS side, action, amount, released FROM r
            UNION ALL SELECT ord, id, credit, 1, action, amount, released FROM r
        ), s AS (
            SELECT account, count(*) AS n, min(ord) AS first_ord, max(ord) AS last_ord,
                sum(CASE WHEN side = 0 AND action IN (0, 2) THEN amount ELSE 0 END)::bigint AS debits_posted,
                sum(CASE WHEN side = 1 AND action IN (0, 2) THEN amount ELSE 0 END)::bigint AS credits_posted,
                sum(CASE WHEN side = 1 THEN 0 WHEN action = 1 THEN amount ELSE -released END)::bigint
                    AS debits_pending,
                sum(CASE WHEN side = 0 THEN 0 WHEN action = 1 THEN amount ELSE -released END)::bigint
                    AS credits_pending,
                sum(CASE WHEN side = 0 AND action < 2 THEN amount ELSE 0 END)::bigint AS debits,
                sum(CASE WHEN side = 1 AND action < 2 THEN amount ELSE 0 END)::bigint AS credits
            FROM e GROUP BY account ORDER BY account
        ), updated AS (
            UPDATE ledger.accounts a SET
                debits_posted = a.debits_posted + s.debits_posted,
                credits_posted = a.credits_posted + s.credits_posted,
                debits_pending = a.debits_pending + s.debits_pending,
                credits_pending = a.credits_pending + s.credits_pending,
                entries = a.entries + s.n, prior_entry = a.last_entry, last_entry = p_id[s.last_ord],
                last_at = greatest(a.last_at, coalesce(p_at[s.last_ord], p_now))
            FROM s
            WHERE a.id = s.account AND NOT a.closed AND NOT a.frozen
              AND (NOT single_currency OR a.currency = p_currency[1])
              AND ledger.proven(a, s.debits, s.credits)
              AND (NOT has_imports OR coalesce(a.last_at <= p_at[s.first_ord], true))
            RETURNING a.*, s.n
        ), linked AS (
            SELECT e.ord, e.side,
                   coalesce(lag(e.id) OVER (PARTITION BY e.account ORDER BY e.ord), v.prior_entry)
                       AS prior
            FROM e JOIN updated v ON v.id = e.account
        ), paired AS (
            SELECT ord, side, prior, lead(prior) OVER (ORDER BY ord, side) AS credit_prior FROM linked
        ), journal AS (
            INSERT INTO ledger.transfers AS j
            SELECT r.id, r.debit, r.credit, l.prior, l.credit_prior, r.order_id, r.hold, r.amount,
                   r.released, r.asked, coalesce(r.at, p_now), r.expires, chain_segment,
                   row_number() OVER (ORDER BY r.ord), p_lane, r.action, coalesce(r.up_to, 0),
                   r.at IS NOT NULL, r.currency, r.kind
            FROM r JOIN paired l ON l.ord = r.ord AND l.side = 0
            ORDER BY r.ord
            RETURNING j.position, gate.line(j) AS line
        ), marked AS (
            INSERT INTO ledger.marks
            SELECT v.id, v.last_at, v.entries, v.last_entry, v.debits_pending, v.debits_posted,
                   v.credits_pending, v.credits_posted
            FROM updated v WHERE v.entries / 256 <> (v.entries - v.n) / 256
        ), reserved AS (
            INSERT INTO ledger.holds (id, debit, credit, amount, expires_at, order_id, currency)
            SELECT id, debit, credit, amount, expires, order_id, currency FROM r WHERE action = 1
        ), ended AS (
            UPDATE ledger.holds h SET state = r.action, ended_at = p_now, ended_by = r.id
            FROM r WHERE has_holds AND h.id = r.hold AND h.state = 0 RETURNING 1
        )
        SELECT (SELECT count(*) FROM s) - (SELECT count(*) FROM updated) AS missing,
               (SELECT count(*) FROM r WHERE action >= 2) - (SELECT count(*) FROM ended) AS unended,
               (SELECT count(*) FROM updated WHERE last_at > p_now + interval '5 s') AS ahead,
               (SELECT array_agg(r.ord::int) FROM r WHERE r.action >= 2) AS ends,
               (SELECT array_agg(r.amount) FROM r WHERE r.action >= 2) AS end_amounts,
               (SELECT array_agg(coalesce(r.at, p_now)) FROM r WHERE r.action >= 2) AS end_times,
               (SELECT count(*) FROM journal) AS n,
               (SELECT string_agg(line, E'\n' ORDER BY position) FROM journal) AS lines
        INTO seen;
        IF seen.missing > 0 OR seen.unended > 0 THEN
            RAISE EXCEPTION 'the accounts moved while the batch was proven' USING ERRCODE = 'AR001';
        END IF;
        IF seen.ahead > 0 THEN
            RAISE EXCEPTION 'the clock stands before what the ledger holds' USING ERRCODE = 'AR002';
        END IF;
        lines := seen.lines;
        written := seen.n;
        IF seen.ends IS NOT NULL THEN
            o_index := seen.ends;
            o_code := array_fill(0, ARRAY[cardinality(seen.ends)]);
            o_amount := seen.end_amounts;
            o_at := seen.end_times;
        END IF;
    END IF;
    IF p_orders IS NOT NULL AND NOT gate.write_orders(
        CASE WHEN doubtful IS NULL THEN p_orders
             ELSE (SELECT array_agg(o) FROM unnest(p_orders) o WHERE o.grp <> ALL (doubtful)) END,
        p_now) THEN
        RAISE EXCEPTION 'an order moved while the batch was proven' USING ERRCODE = 'AR001';
    END IF;
    IF p_uses IS NOT NULL THEN
        PERFORM gate.count_uses(
            CASE WHEN doubtful IS NULL THEN p_uses
                 ELSE (SELECT array_agg(m) FROM unnest(p_uses) m WHERE m.grp <> ALL (doubtful)) END);
        IF EXISTS (SELECT FROM unnest(p_uses) m JOIN gate.usage b
                   ON b.party = m.party AND b.key = m.key
                   WHERE (doubtful IS NULL OR m.grp <> ALL (doubtful)) AND gate.limit_refusal(
                       ROW(m.grp, m.party, m.key, 1, 1, m.day, m.month, m.year,
                           m.day_minor_max + 1, m.day_count_max + 1, m.month_minor_max + 1,
                           m.month_count_max + 1, m.year_minor_max + 1)::gate.use_row, b) > 0) THEN
            RAISE EXCEPTION 'a limit moved while the batch was proven' USING ERRCODE = 'AR001';
        END IF;
    END IF;
    IF p_events IS NOT NULL THEN
        INSERT INTO outbox.events (id, subject, kind, body, parties, at)
            SELECT v.id, v.subject, v.kind, v.body, v.parties, p_now FROM unnest(p_events) v
            WHERE doubtful IS NULL OR v.grp <> ALL (doubtful);
    END IF;

    -- 3. What could not be proven, one posting at a time, in order.
    FOR g IN SELECT DISTINCT n FROM unnest(doubtful) n ORDER BY n LOOP
        group_index := '{}'; group_codes := '{}'; group_amounts := '{}'; group_at := '{}';
        group_lines := NULL; group_count := 0; existed := 0; failed_at := NULL;
        first := coalesce(array_position(p_grp, g), total + 1);
        i := first;
        -- Was it made before? Then this is the first answer again, and nothing else is looked at.
        WHILE i <= total AND p_grp[i] = g LOOP
            ask := ROW(p_id[i], p_action[i], p_debit[i], p_credit[i], p_amount[i], p_currency[i],
                     p_kind[i], p_order[i], p_hold[i], coalesce(p_up_to[i], 0), p_expires[i], p_at[i]);
            SELECT * INTO there FROM ledger.transfers WHERE id = ask.id;
            code := 0;
            IF FOUND THEN
                existed := existed + 1;
                code := gate.difference(ask, there);
                IF code > 0 THEN failed_at := coalesce(failed_at, i); ELSE code := 1; END IF;
            END IF;
            group_index := group_index || i; group_codes := group_codes || code;
            group_amounts := group_amounts || there.amount; group_at := group_at || there.at;
            i := i + 1;
        END LOOP;
        IF failed_at IS NULL AND existed > 0 AND existed < i - first THEN
            -- Part of this posting was made as part of another: that is not the same posting.
            failed_at := first;
        END IF;
        IF failed_at IS NOT NULL THEN
            group_codes := ARRAY(SELECT CASE WHEN n = 0 THEN 46 ELSE n END FROM unnest(group_codes) n);
        ELSIF existed = 0 THEN
            BEGIN
                i := first;
                code := 0;
                SELECT gate.order_refusal(o) INTO code FROM unnest(p_orders) o WHERE o.grp = g;
                IF code > 0 THEN
                    RAISE EXCEPTION USING ERRCODE = 'AR003', MESSAGE = code;
                END IF;
                FOR one_use IN SELECT m.* FROM unnest(p_uses) m WHERE m.grp = g
                         ORDER BY m.party, m.key LOOP
                    IF one_use.minor <= 0 THEN
                        PERFORM gate.give_back(one_use);
                    ELSE
                        -- A row to hold, so that nobody counts between look and count.
                        INSERT INTO gate.usage VALUES (one_use.party, one_use.key, one_use.day,
                            one_use.month, one_use.year, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
                        PERFORM 1 FROM gate.usage b
                            WHERE b.party = one_use.party AND b.key = one_use.key FOR UPDATE;
                        code := gate.limit_refusal(one_use, (SELECT b FROM gate.usage b
                            WHERE b.party = one_use.party AND b.key = one_use.key));
                        IF code > 0 THEN
                            RAISE EXCEPTION USING ERRCODE = 'AR003', MESSAGE = code;
                        END IF;
                        PERFORM gate.count_uses(ARRAY[one_use]);
                    END IF;
                END LOOP;
                IF p_orders IS NOT NULL AND NOT gate.write_orders(
                    (SELECT array_agg(o) FROM unnest(p_orders) o WHERE o.grp = g), p_now) THEN
                    RAISE EXCEPTION USING ERRCODE = 'AR003', MESSAGE = '202';
                END IF;
                WHILE i <= total AND p_grp[i] = g LOOP
                    ask := ROW(p_id[i], p_action[i], p_debit[i], p_credit[i], p_amount[i],
                             p_currency[i], p_kind[i], p_order[i], p_hold[i], coalesce(p_up_to[i], 0),
                             p_expires[i], p_at[i]);
                    SELECT * INTO walked FROM gate.walk(ask, p_now, p_lane, chain_segment,
                                                   written + group_count + 1);
                    IF walked.code > 0 THEN
                        failed_at := i;
                        RAISE EXCEPTION USING ERRCODE = 'AR004', MESSAGE = walked.code;
                    END IF;
                    group_count := group_count + 1;
                    group_lines := concat_ws(E'\n', group_lines, walked.line);
                    group_amounts[i - first + 1] := walked.fits;
                    group_at[i - first + 1] := coalesce(ask.at, p_now);
                    i := i + 1;
                END LOOP;
                INSERT INTO outbox.events (id, subject, kind, body, parties, at)
                    SELECT v.id, v.subject, v.kind, v.body, v.parties, p_now FROM unnest(p_events) v
                    WHERE v.grp = g;
                lines := concat_ws(E'\n', lines, group_lines);
                written := written + group_count;
            EXCEPTION
                WHEN SQLSTATE 'AR003' THEN  -- the posting as a whole: a limit, or its order
                    group_index := ARRAY[-g]; group_codes := ARRAY[SQLERRM::int];
                    group_amounts := ARRAY[NULL::bigint]; group_at := ARRAY[NULL::timestamptz];
                WHEN SQLSTATE 'AR004' THEN  -- one transfer, and so all of them
                    group_codes := ARRAY(SELECT CASE WHEN n = failed_at THEN SQLERRM::int ELSE 46 END
                                         FROM unnest(group_index) n);
            END;
        END IF;
        o_index := o_index || group_index;
        o_code := o_code || group_codes;
        o_amount := o_amount || group_amounts;
        o_at := o_at || group_at;
    END LOOP;

    IF written > 0 THEN
        chain_hash := sha256(chain_hash || convert_to(lines, 'UTF8'));
        INSERT INTO ledger.segments VALUES (p_lane, chain_segment, p_now, written, chain_hash);
        UPDATE ledger.lanes SET segment = chain_segment, hash = chain_hash WHERE lane = p_lane;
    END IF;
END $$;
