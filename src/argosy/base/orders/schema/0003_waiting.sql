-- Money that is on its way, by product and age: what the deadlines of failed payments are looked up in.
-- What is paid at once, or waits to be paid, is not in it.
CREATE INDEX orders_on_its_way ON orders.orders (market, product, created_at)
    WHERE state IN ('held', 'review');
