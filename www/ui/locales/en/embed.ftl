# Messages of the miner that a site embeds.

embed-title = Compute for { $site }?
embed-what = What runs
embed-what-text =
    Your browser would compute parts of real jobs for { $coordinator }, which checks every result and pays for what holds:
    matrix products, inference, training steps, hashing.
embed-much = How much
embed-much-text =
    { $lanes ->
        [one] One of your { $cores } processor cores, half of the time,
       *[other] { $lanes } of your { $cores } processor cores, half of the time,
    } while a page of this site is open, and again when you come back. You can change or stop it here at any time.
embed-cost = What it costs
embed-cost-text = It costs electricity, some warmth, and data: a job may need tens of megabytes. On battery it pauses.
embed-whom = For whom
embed-whom-text = What it earns is yours: a key in your browser owns it. { $site } sees whether it runs and how fast, no more.
embed-share = Give { $part } of what it earns to { $site }.
embed-shared = { $part } of what it earns goes to { $site }.
embed-keep = Stop and keep all
embed-agree = Agree and start
embed-window = Answer in a window
embed-free = You are free to say no: then nothing is loaded and nothing runs.
embed-covered = Not all of this is in sight, or something may cover it. So you are asked in a window of its own.
embed-earned = Earned in this visit:
embed-cap = This site wants { $cap } of the time at most.
embed-withdraw = Withdraw consent
embed-fleeting = This browser keeps nothing for this frame: the key ends with the page. Save a copy of it below.
embed-key =
    Earnings belong to a key that this frame makes at the first Start and keeps sealed in your browser. The site cannot reach it.
    Clearing the browser's data deletes it, so keep a copy.
