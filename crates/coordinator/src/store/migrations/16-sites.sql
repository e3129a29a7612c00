-- The site with which a session shares what it earns, and its part in basis points.
ALTER TABLE session ADD COLUMN site BLOB;
ALTER TABLE session ADD COLUMN site_bps INTEGER NOT NULL DEFAULT 0;

-- Base rewards of sponsored units by the site and the part that their session was signed for; what they come to is paid when
-- the epoch closes.
CREATE TABLE site_share (
    epoch INTEGER NOT NULL,
    miner BLOB NOT NULL,
    site BLOB NOT NULL,
    site_bps INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (epoch, miner, site, site_bps)
) STRICT, WITHOUT ROWID;
