async def test_jsonb_takes_and_gives_dicts(db):
    assert await db.value("SELECT $1::jsonb", {"a": [1, None, "ž"]}) == {"a": [1, None, "ž"]}
