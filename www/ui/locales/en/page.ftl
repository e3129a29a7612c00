# Messages of the page that mines.

## The page

headline = Useful work, mined in this tab
lead =
    Adit lends your device's spare time to real jobs, such as matrix products and inference. Every result is checked,
    and what holds is paid.
lead-consent = Nothing runs until you press Start.
footer = Free software. Your key stays in this browser; results go to { $host } and nowhere else.
to-dashboard = Operator's dashboard
history = Your history and earnings by day
rate-chart = Verified operations a second
rate-chart-description = Chart of the verified rate. The number above says the same.
document-idle = Adit
document-mining = { $rate }/s – Adit
document-paused = paused – Adit

## What the miner is doing

state-obstacle = This page cannot mine here
obstacle-insecure =
    This page came over an unprotected connection ({ $here }), and browsers keep keys and graphics cards away from such
    pages. Open it over https, or on the coordinator's own machine as { $local }. From another machine, an SSH tunnel to
    that port does it too.
obstacle-simd =
    This browser has no WebAssembly SIMD. Chrome 91, Firefox 89, Safari 16.4 and anything newer have it.
state-ready = Ready when you are
state-stopped = Stopped
state-starting = Starting
state-preparing = Getting ready
state-preparing-detail = Lanes load their kernels and measure them. That takes a moment, once.
state-asking = Asking for work
state-asking-detail = The coordinator is asked for a piece of a job.
state-mining = Mining
state-mining-detail =
    { $units ->
        [one] One unit under way, { $work } operations
       *[other] { $units } units under way, { $work } operations
    }
state-fetching-detail = Fetching { $bytes } of inputs
state-finishing = Finishing what is under way
state-finishing-detail = Nothing new begins. It stops by itself when the last result is delivered.
state-paused = Paused: { $reasons }
state-limited = Waiting for a turn
state-no-work = Waiting for work
state-no-work-detail = The coordinator has no job for this device right now. Nothing is computed.
state-away = The coordinator does not answer
state-stopping = Stopping
state-elsewhere = Paused: another tab is mining already
state-elsewhere-detail =
    It goes on here when that tab stops or is closed. One tab uses your device fully; a second one would only slow it down.
state-strange = The coordinator has another key than before
state-strange-detail =
    If its operator has set it up anew, that is all right. If not, somebody may be pretending to be it.
state-failed = Mining has ended
# A sentence that exists in English alone.
foreign = { $text }
paused-detail = It goes on when { $ends }.
paused-detail-settings = It goes on when { $ends }. You can change this in the settings below.
lanes-gpu-alone = The graphics card alone
lanes-cpu =
    { $lanes ->
        [one] One processor lane
       *[other] { $lanes } processor lanes
    }
lanes-and-gpu =
    { $lanes ->
        [one] One processor lane, and the graphics card if it is faster
       *[other] { $lanes } processor lanes, and the graphics card if it is faster
    }

## Each reason to pause, and what ends it: parts of a sentence

pause-person = you asked for it
pause-battery = this device is on battery
pause-hidden = this tab is hidden
pause-pressure = this device is busy with something else
pause-hours = outside the hours that you chose
pause-in-use = somebody uses this device
pause-metered = this connection is paid by volume
pause-data = today's data is used up
pause-memory = memory is at the limit that you chose
pause-heat = this device is hot
end-at = it is { $time }
end-person = you press Go on
end-battery = it is plugged in
end-hidden = you look at this tab
end-pressure = it has calmed down, which takes ten seconds at least
end-hours = your hours begin
end-in-use = nobody uses it any more
end-metered = there is another connection
end-data = the next day begins
end-memory = memory is free again
end-heat = it has cooled down

## What comes next; a countdown follows

next-ask = Asking again
next-try = Trying again
next-resume = Going on

## What runs, and for whom

work = What runs
work-unnamed = Job { $job }: { $kind }
work-part = { $name } – part { $part } of { $parts }
work-parts = { $name } – { $count } of { $parts } parts
work-for = { $kind }, for { $requester }
work-kind = { $kind }
work-unknown = Its requester says no more about it.
work-open = open to everybody
work-yours = Your part
work-all = The whole job
kind-matmul = Matrix product
kind-matmul-f32 = Matrix product of floats
kind-inference = Inference of a neural network
kind-gradient = Training step of a neural network
kind-hash = Check of stored data
kind-hash-away = Check of data elsewhere
kind-store = Replicas held and proven
kind-fraud = Fraud detection
kind-protection = Network protection
kind-training = Training of a model
kind-other = { $kind }

## What may be pressed

control = Mining
start = Start
stop = Stop
pause = Pause
resume = Go on
finish = Finish this unit
try-now = Try now
take-over = Mine here instead
give-up = Do not wait
trust = Trust the new key and start
pause-for = Pause for how long?
pause-quarter = 15 minutes
pause-hour = 1 hour
pause-tomorrow = Until tomorrow
metered-question =
    This connection is paid by volume or is to save data. A job may need tens of megabytes. Start all the same?
metered-yes = Start all the same
metered-no = Not now
countdown = { $what } in { $time }
countdown-now = { $what }…
countdown-soon = { $what } in a few seconds
power = How much
power-quiet = Quiet
power-balanced = Balanced
power-full = Full
power-quiet-note =
    { $lanes ->
        [one] One of { $cores } cores, half of the time.
       *[other] { $lanes } of { $cores } cores, half of the time.
    } Stays cool; you hardly notice it.
power-balanced-note =
    { $lanes ->
        [one] One of { $cores } cores
       *[other] { $lanes } of { $cores } cores
    }, and the graphics card if it is faster. The device gets warm.
power-full-note = All { $cores } cores, and the graphics card if it is faster. Expect heat, fans, and other programs to be slower.
power-own-note =
    Your own numbers: { $lanes } of { $cores } cores, { $duty } of the time, { $gpu ->
        [yes] with the graphics card.
       *[no] without the graphics card.
    }
power-next-start = Cores change at the next Start.

## What it costs

cost = What it costs
cost-memory = Up to about { $bytes } of memory
cost-no-data = No data so far
cost-data = Data so far: { $received } received, { $sent } sent
cost-plugged = Plugged in
cost-battery = On battery, { $level }
cost-metered = This connection is paid by volume

## What it earns

visit = This visit
earned = Earned in this visit
per-hour = expected; { $amount } an hour at this pace
units-verified = Verified
units-refused = Refused
rate = Operations, last ten seconds
time-mined = Time
account = Your account
next-payment = Next payment
next-payment-in = Next payment, in
paid = Paid so far
confidence = Confidence
confidence-note = The part of base rewards that is paid. It grows from half to all with verified work.
exactly = exactly { $amount } NNET

## Live

live = The network now
live-jobs = Jobs
live-jobs-note = waiting for computers now
live-miners = Miners
live-miners-note = at work now
live-verified = Verified
live-verified-note = results in the last hour
live-last = The last receipt: { $time }, { $kind }, { $amount } NNET

## Receipts

receipts = Receipts
receipts-intro =
    The coordinator signs a receipt for each result. You need not believe it: verify one here, on your own device.
receipts-none = The first one comes with the first verified result.
all-receipts = Show all { $n }
fewer = Show fewer
newer = { $n } newer
operations = { $n } operations
verdict-valid = valid
verdict-invalid = invalid
verdict-inconclusive = inconclusive
verdict-too-late = too late
verify = Verify
verifying = Verifying…
details = Details
verify-failed = The check could not be made: { $why }
moment = What was done
moment-dice = This browser threw dice of its own
moment-equal = Both sides are the same
moment-unequal = The two sides differ
moment-sure = A wrong result passes once in 2^{ $bits } tries
moment-wrong = The result is wrong
finding-proof = Signatures, log and amount
finding-mathematics = The mathematics
found-holds = in order
found-fails = not in order
found-unknown = not checked
not-proved =
    What this does not prove: that the coordinator has published every receipt, nor that it shows everyone the same log.
    Compare log heads with others for that.
fact-kind = Kind
fact-lease = Lease
fact-unit = Unit
fact-output = Output
fact-checked = Checked
fact-epoch = Epoch
fact-log = Log
fact-log-entry =
    entry { $index } of { $size }, path of { $path ->
        [one] one hash
       *[other] { $path } hashes
    }
fact-coordinator = Coordinator
method-freivalds = Freivalds, { $bits } bits
method-recomputed = recomputed
method-sampled = { $sampled } of { $of } leaves hashed again
method-statistical =
    { $rounds ->
        [one] one round
       *[other] { $rounds } rounds
    }, within { $tolerance } times the usual rounding

## History and charts

duty-chart = Part of the time at work
duty-chart-description = Chart of the part of the time that lanes may work.
past-trouble = This browser does not show what it keeps: { $why }
past-none = Nothing yet. Units that are verified from now on are listed here.
past-intro =
    Base rewards from your own receipts. What an epoch pays is this at most: it falls when the epoch's budget is short,
    and while your key is new. Kept in this browser alone.
past-chart = NNET by day
past-chart-description = Chart of base rewards by day. The table below says the same.
past-days = By day
past-day = Day
past-work = Multiply-adds
past-total =
    { $days ->
        [one] One day in all:
       *[other] { $days } days in all:
    }
past-units = Last units
past-at = At
past-job = Job
past-verdict = Verdict
past-more = Show { $n } of { $of }
past-clear = Clear the history
past-clear-sure = Clear it for good
past-keep = Keep it
past-clear-note = Receipts and earnings stay with the coordinator and your key.

## Machinery

machinery = Machinery
lanes = Lanes
lane-cpu = Processor lane { $number }
lane-gpu =
    { $number ->
        [1] Graphics card
       *[other] Graphics card, lane { $number }
    }
lane-unit = { $lane }: unit under way
lane-verified = { $n } verified
lane-races = races after the first verified unit
lane-paused = paused
lane-starting = starting
lane-idle = idle
lane-fetching = fetching inputs
lane-computing = computing
lane-delivering = delivering
lane-waiting = waiting for work
lane-off = not used

## Settings

settings = Settings
settings-pauses = When to pause
set-battery = Pause on battery
where-told = Where the browser tells.
set-hidden = Pause while this tab is hidden
set-hidden-note = Otherwise it goes on when you look elsewhere.
set-pressure = Pause while the device is busy
set-notify = Notify me
set-notify-note = When mining ends by itself or work runs out, while you look elsewhere.
set-notify-refused = This browser does not allow it.
schedule = Hours and limits
set-hours = Only at certain hours
hours-note = Hours that end before they begin run into the next day.
hours-from = { $day }, from
hours-to = { $day }, to
set-in-use = While somebody uses this device
in-use-same = work as usual
in-use-half = work half as much
in-use-pause = pause
set-metered = Pause on a connection that is paid by volume
set-data = Megabytes a day at most
set-data-note = 0 means no limit.
set-kinds = Which work
set-open = Only work that is open to everybody
set-open-note = Requesters say so of a job and its result.
set-job = Work for
any-job = any job
after-stop = This can be changed after Stop.
advanced = Advanced
set-duty = How hard to work
duty-all = all of the time
duty-part = { $percent } % of the time
set-lanes = Processor lanes
lanes-of =
    { $lanes ->
        [one] one lane of { $max }
       *[other] { $lanes } lanes of { $max }
    }
set-gpu = Use the graphics card if it is faster
set-gpu-note = It is raced against a processor lane first.
one-tab = Only one tab of this browser mines at a time.

## Key

key = Your key
key-text =
    Earnings belong to a key that this browser makes at the first Start and keeps sealed. Clearing the browser's data
    deletes it, so keep a copy.
key-lost-text =
    Earnings belong to a key that this page makes at the first Start. This browser keeps nothing, so the key ends with
    the page: save a copy before you close it.
key-save = Save a copy
key-passphrase-new = Passphrase for the file
key-save-file = Save the key file
key-use = Use a saved key
key-file = Key file
key-passphrase = Its passphrase
key-use-file = Use this key
key-stop-first = Stop mining first.
key-replaces = It takes the place of the key that is here now.
key-saved = Saved. The file is worthless without its passphrase: keep both.
key-used = From now on you mine with the key { $key }.
nudge =
    What you have earned belongs to a key that exists in this browser alone. Without a copy it is lost with the browser's
    data.
nudge-later = Not now

## Notes

storage-lost =
    This browser keeps nothing for this page. You can mine all the same, but your key, settings and history end when the
    page is closed. To keep what you earn, save a copy of the key first.
left =
    { $n ->
        [one] A finished result of your last visit was not delivered. Start sends it first.
       *[other] { $n } finished results of your last visit were not delivered. Start sends them first.
    }
notify-elsewhere = It goes on in another tab.
notify-no-work = No more work for now
notify-no-work-detail =
    { $units ->
        [one] One unit verified.
       *[other] { $units } units verified.
    } The coordinator is asked again and again.

## CIDs

cid = A file's CID, computed here
cid-intro =
    A CID is the name that IPFS gives to content: who has it can ask for these very bytes and check them. It is computed in
    this browser, and nothing of your files is sent.
cid-drop = Drop a file or folder here, or
cid-files = Choose files
cid-folder = Choose a folder
cid-profile = Profile
cid-profile-2025 = Pieces of 1 MiB. The default here, of adit content, and of IPFS programs that follow IPIP-499.
cid-profile-kubo = Pieces of 256 KiB: what Kubo writes with --cid-version 1.
cid-profile-2015 = Pieces of 256 KiB, wrapped: identifiers that begin with Qm, as IPFS wrote them at first.
cid-list = Files and folders
cid-in-folder =
    { $files ->
        [one] Folder with one file, { $size }
       *[other] Folder with { $files } files, { $size }
    }
cid-walking = Looking through the folder…
cid-waiting = Waiting for its turn
cid-running = Reading and hashing
cid-progress = Progress of { $name }
cid-cancel = Cancel
cid-cancel-name = Cancel { $name }
cid-cancelled = Cancelled. There is no CID of a part.
cid-copy = Copy
cid-copy-name = Copy the CID of { $name }
cid-copied = Copied
cid-not-copied = This browser does not let the page copy. Select the CID and copy it by hand.
cid-remove = Remove
cid-remove-name = Remove { $name } from this list
cid-unreadable =
    { $path } cannot be read: it was changed or moved after it was chosen, or the browser may not read it. Choose it again.
cid-failed = { $path } has no CID: { $why }
cid-too-much = These are more than 100,000 files, or folders more than 200 deep. The command line takes them: adit content cid.
cid-not-listed = The folder cannot be listed: { $why }

## Room that is lent

hold = Lend room, and earn by it
hold-intro =
    Sealed pieces of other people's files lie in this browser, encrypted, so that neither you nor this page can read them. About
    once in an hour the coordinator asks for 64 random pieces of what you hold, within 30 seconds, and pays for windows that were
    passed. Each byte is sent to you once; a proof sends about 100 KB. It goes on whenever this page is open.
hold-idle = Nothing is lent.
hold-resting = Resting. What is held stays here, and windows that nobody answers are missed.
hold-starting = Getting ready
hold-holding = Holding up to { $share } while this page is open
hold-elsewhere = Another tab holds already. It goes on here when that tab is closed.
hold-ending = Giving everything up
hold-broken = Nothing is held now
hold-bytes = Held
hold-proven = Time proven
hold-earned = Base rewards
hold-missing = Missing at most
hold-ppm = { $ppm } ppm
hold-proves =
    By { $draws } random pieces in a row, with an error of 1 in a million. It shows that somebody could read these bytes within 30
    seconds; not where they lie, nor that ten keys are ten machines.
hold-share = Room to lend
hold-begin = Begin to hold
hold-rest = Rest
hold-quit = Give everything up
hold-quit-sure = Give it up and free the room
hold-keep = Keep holding
hold-no-room = This browser gives this page too little room to lend any.
hold-copy = Before the first byte
hold-copy-why =
    What you earn belongs to a key that is in this browser alone. A browser that runs out of space may delete what pages keep, so
    save a copy of the key first.
hold-without = Begin without a copy
hold-not-apart =
    This browser cannot keep replicas apart from your key: if it deletes one it deletes the other. Save a copy of the key.
hold-not-persistent = The browser has not promised to keep this page's data. It may delete it when space runs out.
hold-evicted =
    { $replicas ->
        [one] { $at }: the browser deleted a replica ({ $bytes }).
       *[other] { $at }: the browser deleted { $replicas } replicas ({ $bytes }).
    } The coordinator was told before it asked, so that nothing is held against you; they earn nothing any more. Your key is untouched.
hold-damaged =
    { $replicas ->
        [one] { $at }: a replica ({ $bytes }) was damaged
       *[other] { $at }: { $replicas } replicas ({ $bytes }) were damaged
    } and given up. The coordinator was told.
hold-full = { $at }: the browser has no more room for this page. What is held stays; nothing more is taken.
