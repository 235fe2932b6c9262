-- The tables of the first, small brain. Its open and decided cases have moved (cases/schema); its facts are
-- made anew from the log; its verdicts were kept without what a replay needs.
DROP TABLE IF EXISTS ctu.accounts, ctu.pairs, ctu.devices, ctu.crowds, ctu.verdicts, ctu.cases, ctu.tallies;
DELETE FROM outbox.cursors WHERE consumer = 'ctu';
