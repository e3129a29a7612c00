# Messages of the extension.

options = Options
options-title = Adit: options
looking = Looking for the miner…
mines-for =
    { $others ->
        [0] For { $host }.
        [one] For { $host }; one other takes its place while it is away.
       *[other] For { $host }; { $others } others take its place while it is away.
    } Your key stays in this extension.
wish-lost = The browser does not keep this choice: { $why }
extension-storage-lost =
    This browser keeps nothing for this extension. You can mine all the same, but your key ends with it: save a copy of the
    key in the options first.

## The button

badge-on = on
badge-title = Adit: { $state }

## Consent

consent-title = Before anything runs
consent-what = What runs
consent-what-text =
    Parts of real jobs: matrix products, inference, training steps, hashing. In the background, with no tab open, and again
    after the browser restarts.
consent-much = How much
consent-much-text =
    { $lanes ->
        [one] One of { $cores } cores
       *[other] { $lanes } of { $cores } cores
    }{ $gpu ->
        [yes] , and the graphics card if it is faster.
       *[no] .
    } You can change this at any time, and set hours.
consent-whom = For whom
consent-whom-text = For the coordinator that you name below, and for those whose jobs it gives out. It pays for verified work.
consent-cost = What it costs
consent-cost-text =
    Electricity, warmth, up to about { $memory } of memory, and data: a job may need tens of megabytes. On battery it
    pauses.
consent-stop = How to stop
consent-stop-text = Press Stop in this window: it holds at once, and after a restart too. Or remove the extension.
consent-agree = Agree and start
consent-decline = Not now
coordinator-address = The coordinator's address
coordinator-wrong = This is not the address of a coordinator: it begins with https:// or http://.

## Options

coordinators = Coordinators
coordinators-text = The first one that answers gets your work. While it is away, the next one is asked.
coordinator-add = Add
coordinator-now = at work for it
coordinator-first = Put first
coordinator-first-of = Put { $host } first
coordinator-remove = Remove
coordinator-remove-of = Remove { $host }
admit-text = A coordinator on your own computer lets this extension in when it is started with
admit-hint = If this coordinator runs, it may not let this extension in yet. Start it with
extension-key =
    Earnings belong to a key that this extension makes at the first Start and keeps sealed. No site can reach it. Removing the
    extension deletes it, so keep a copy.
withdraw-title = Your consent
withdraw-text = Without it nothing runs. You are asked again before anything does. Settings and key stay.
withdraw = Take it back
