-- What a payee asked for under its own reference; orders without one are not in it.
CREATE INDEX orders_by_reference ON orders.orders (payee, (data->>'reference'), id)
    WHERE data ? 'reference';
