CREATE SCHEMA funnel;

CREATE TABLE funnel.count (
    day date NOT NULL,
    market text NOT NULL,
    channel text NOT NULL,
    flow text NOT NULL,
    version integer NOT NULL,
    step text NOT NULL,
    reached bigint NOT NULL,
    refused bigint NOT NULL,
    broken bigint NOT NULL,
    bytes_in bigint NOT NULL,
    bytes_out bigint NOT NULL,
    micros bigint NOT NULL,
    PRIMARY KEY (day, market, channel, flow, version, step)
);
