-- When a key was last shown, to within some minutes: so that its merchant sees which ones nothing uses.
ALTER TABLE api.keys ADD COLUMN used_at timestamptz;
