# Messages of the dashboard.

## The page

board = Dashboard
board-document = Adit – dashboard
board-pages = Pages
board-to-page = Mine with this browser
board-to-stats = Statistics
board-asking = Asking the coordinator…
board-away = The coordinator does not answer. It is asked again every two seconds.
board-unreachable = The coordinator did not answer: the connection broke off. Try again.
board-refused = The coordinator answered { $status } and gave no reason.
board-stop = Cancel
board-none = None yet.
board-operations = { $quantity } operations
board-rate = { $quantity } op/s
board-nnet = { $amount } NNET
board-version = Adit { $version }, up for { $uptime }.
board-key = Coordinator key

## The operator's token

token-title = Operator
token = Operator's token
token-use = Use this token
token-note =
    With it you submit work, cancel jobs and see miners. It is in admin.token in the coordinator's data folder, and stays in
    this tab until you close it.
token-unknown = The coordinator does not know this token.
token-forget = Forget the token

## What needs the operator

attention = Needs you
attention-none = Nothing needs you.
attention-none-seen = Nothing that is public needs you. With the operator's token, failing miners show here too.
attention-count =
    { $count ->
        [one] One thing needs you
       *[other] { $count } things need you
    }
attention-ledger = The ledger is not balanced
attention-ledger-advice = Stop paying out and look into it.
attention-writes = The database takes no writes
attention-disk = The store is nearly full: { $used } of { $most }
attention-disk-full = The store is full: { $used } of { $most }. Uploads and jobs are refused
attention-disk-advice = Give it more room, or wait until results are a week old and go.
attention-clock = The clock of the coordinator's machine jumped by { $step }
attention-clock-advice = Nothing is lost; check the machine's time service.
attention-stuck =
    { $count ->
        [one] Job { $jobs } waits
       *[other] { $count } jobs wait, such as { $jobs }
    }
attention-wrong =
    { $miner } delivered { $wrong ->
        [one] one wrong output
       *[other] { $wrong } wrong outputs
    } and { $right } right ones
attention-expiring =
    { $miner } let { $expired } leases expire and delivered { $right ->
        [one] one right output
       *[other] { $right } right outputs
    }

## Figures

tile-rate = Verified rate
tile-rate-note = { $quantity } operations so far
tile-jobs = Jobs under way
tile-jobs-note = of { $count }
tile-sessions = Mining now
tile-sessions-note =
    { $count ->
        [one] one unit leased
       *[other] { $count } units leased
    }
tile-epoch = Next payment
tile-epoch-note = Epoch { $epoch } pays at most { $budget } NNET
tile-value = Earned so far
tile-value-note = NNET in this epoch
tile-store = Store
tile-store-note = of { $most }

## Jobs

jobs = Jobs
jobs-active = Under way: { $count }
jobs-no-active = None. What you submit shows here.
jobs-more-active = Only the newest { $count } are shown.
jobs-ended = Ended
job-unnamed = Without a name
job-demo = demonstration
job-kind-name =
    { $kind ->
        [matmul_i8] Product of integer matrices
        [matmul_f32] Product of float matrices
        [mlp_i8] Classification
        [gradient_i8] Gradient
       *[hash_tree] Hashes of a data set
    }
job-progress = Job { $job }
job-panels = { $done } of { $panels } panels
job-state-name =
    { $state ->
        [active] running
        [done] done
       *[cancelled] cancelled
    }
job-waits = waits
job-for = for { $requester }
job-open-source = open to everybody
job-refused =
    { $count ->
        [one] one wrong output
       *[other] { $count } wrong outputs
    }
job-open = Open
job-close = Close
job-state = State
job-kind = Kind
job-work = Size
job-rows = Rows
job-payer = Paid by
job-payer-operator = the operator
job-payer-escrow = the requester's escrow
job-spent = Spent
job-panels-picture = { $panels } panels: { $done } verified, { $leased } leased, { $waiting } waiting
job-panels-done = { $count } verified
job-panels-leased = { $count } leased
job-panels-waiting = { $count } waiting
job-panels-left = { $count } not computed
job-panels-wrong =
    { $count ->
        [one] one wrong output, computed again
       *[other] { $count } wrong outputs, computed again
    }
job-panels-expired =
    { $count ->
        [one] one lease expired
       *[other] { $count } leases expired
    }
job-download =
    { $size ->
        [none] Download the result
       *[other] Download the result ({ $size })
    }
job-result-progress = Download
job-result-needs-token = Its result is there for whoever has the operator's token.
job-cancel = Cancel this job
job-cancel-sure = Cancel it for good? What was verified stays paid.
job-cancel-yes = Cancel the job
job-cancel-no = Keep it
pages = Pages of the list
pages-back = Newer
pages-page = Page { $page }
pages-forward = Older

## Submitting

submit = Submit work
submit-drop = Drop files here, or choose them
submit-unfold = Or choose the kind of work first
submit-drop-note = They are read at once and tell what kind of work it is. Miners see what they work on.
submit-unused =
    { $count ->
        [one] { $files } does not belong to this kind of work and was left out.
       *[other] { $files } do not belong to this kind of work and were left out.
    }
submit-kind = Kind of work
submit-work =
    { $work ->
        [matmul] Multiply matrices of integers
        [floats] Multiply matrices of floats
        [infer] Classify samples
        [fraud] Detect fraud
        [gradient] Compute a gradient
        [validate] Hash and total a data set
        [audit] Audit a data set at a gateway
       *[protect] Hash this coordinator's log
    }
submit-work-note =
    { $work ->
        [matmul] C = A · B, exact to the last bit.
        [floats] C ≈ A · B in float32, checked to within rounding.
        [infer] A quantised perceptron gives every sample its class.
        [fraud] Classification of transactions: class 1 is fraud.
        [gradient] Sums a quantised perceptron's gradient over samples: what a step of training needs.
        [validate] A report with a hash of every part; the columns of a table are counted and totalled.
        [audit] Whether blocks at a gateway are present and intact.
       *[protect] Hashes receipts, so that nobody can change them unseen.
    }
submit-role =
    { $role ->
        [left] Left matrix A
        [right] Right matrix B
        [model] Model
        [samples] Samples
        [targets] Wanted outputs
        [set] Data set
       *[blocks] List of blocks
    }
submit-wanted =
    { $role ->
        [left] { $floats ->
            [yes] .npy of float32, at most 4096 columns
           *[no] .npy of integers −128 to 127
        }
        [right] { $floats ->
            [yes] .npy of float32
           *[no] .npy of integers −128 to 127
        }
        [model] .safetensors
        [samples] .csv or .npy of integers 0 to 127, a row for each
        [targets] .npy or .csv, a row for each sample
        [set] any file
       *[blocks] .csv with the columns cid and bytes
    }
submit-choose = Choose…
submit-choose-another = Another…
submit-choose-for =
    { $role ->
        [left] Choose the left matrix
        [right] Choose the right matrix
        [model] Choose the model
        [samples] Choose the samples
        [targets] Choose the wanted outputs
        [set] Choose the data set
       *[blocks] Choose the list of blocks
    }
submit-remove = Remove
submit-sending = Upload of { $name }
submit-reading = being read…
submit-stopped = You cancelled the upload.
submit-again = Send it again
submit-matrix = { $rows } × { $columns } integers
submit-floats = { $rows } × { $columns } floats
submit-samples =
    { $rows ->
        [one] one sample
       *[other] { $rows } samples
    } of { $columns ->
        [one] one value
       *[other] { $columns } values
    }
submit-model =
    { $layers ->
        [one] one layer
       *[other] { $layers } layers
    }: { $dims }
submit-data = { $size } of data
submit-table =
    { $size } with { $columns ->
        [one] one column
       *[other] { $columns } columns
    }
submit-blocks =
    { $blocks ->
        [one] one block
       *[other] { $blocks } blocks
    }, { $size } in all
submit-read-as = Read as { $reading }
submit-read-differently = Read it differently
submit-decide = as the file shows
submit-header = First line
submit-header-yes = holds names
submit-header-no = holds values
submit-delimiter = Between cells
submit-delimiter-comma = comma
submit-delimiter-semicolon = semicolon
submit-delimiter-tab = tab
submit-delimiter-pipe = vertical bar
submit-encoding = Encoding
submit-decimal = Decimal mark
submit-decimal-point = point
submit-decimal-comma = comma
submit-source = Gateway's address
submit-first = First entry of the log
submit-count = How many entries
submit-name = Name, shown to miners
submit-requester = Who asks for it
submit-description = What it is for, one line
submit-link = A page that says more
submit-open-source = What is computed, and its result, are open to everybody
submit-priority = Beside other jobs
submit-priority-name =
    { $priority ->
        [low] it may wait
        [high] it is urgent
       *[normal] it takes its turn
    }
submit-budget = Pay from your own escrow, NNET
submit-budget-none = empty: the operator pays
submit-demo = Demonstration: lease it even if checking costs as much as computing
submit-price = Price, at most
submit-time = Time, about
submit-time-unknown = depends on miners
submit-size = Size
submit-panels = Panels
submit-output = Miners upload
submit-asking = Asking for the price…
submit-price-later = Price and time show here once the files are read.
submit-go = Submit
submit-incomplete = Files are missing.

## Searching

find = Search
find-label = Search for a job's number, a contributor, a key, a lease or a unit's CID
find-clear = Clear
find-searching = Searching…
find-nothing = The coordinator knows nothing by this name.
find-job =
    { $named ->
        [yes] Job { $job }, { $name }
       *[no] Job { $job }
    }
find-key = A miner's key
find-lease = A lease with its receipt
find-unit = A unit
find-block = An input block
find-contributor = Contributor { $id }
find-contributor-name = Contributor
find-units = Verified units
find-units-of = { $valid } valid, { $wrong } refused
find-pending = Pending
find-posted = Paid
find-confidence = Confidence
find-encoding = Encoding
find-size = Size
find-mines = mines now
find-rests = does not mine now
find-time = Time in sessions
find-wallet = Pays to
find-unit-cid = Unit

## Activity, miners, money, receipts

activity = Activity
activity-last = The last
activity-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }
activity-rate = Verified operations a second
activity-rate-description = Chart of the verified rate, now { $quantity } a second.
activity-outputs = Outputs in { $duration }
activity-outputs-description = Chart of verdicts: { $valid } valid, { $invalid } invalid, { $rest } others.
activity-valid = valid
activity-invalid = invalid
activity-others = others
miners = Miners
miners-none = None seen lately.
miner = Miner
miner-rate = Rate
miner-seen = Seen
miner-ago = { $duration } ago
miner-verified = Verified
miner-refused = Wrong
miner-expired = Expired
miner-leases = Leases
ledger = Ledger
ledger-balanced = ✓ Balanced
ledger-unbalanced = ✗ Not balanced: stop paying out and look into it
ledger-transfers =
    { $count ->
        [one] one transfer
       *[other] { $count } transfers
    }
ledger-audited = audited { $ago } ago
ledger-not-audited = not audited yet
ledger-kind =
    { $kind ->
        [issuance] Issued
        [requester] Requesters
        [escrow] Escrows of jobs
        [miner] Miners
        [budget] Budget
       *[other] Others
    }
ledger-account = Kind of account
ledger-accounts = Accounts
verdicts = Verdicts
verdicts-verdict = Verdict
verdicts-outputs = Outputs
verdicts-valid = Valid
verdicts-invalid = Invalid
verdicts-inconclusive = Inconclusive
verdicts-late = Too late
verdicts-expired = Expired leases
epochs = Epochs
epochs-epoch = Epoch
epochs-opened = Opened
epochs-closed = Closed
epochs-open = open
epochs-budget = Budget
epochs-value = Value
epochs-paid = Paid
epochs-carried = Carried
board-receipts = Latest receipts
receipt-log = Log
receipt-at = At
receipt-verdict = Verdict
receipt-verdict-name =
    { $verdict ->
        [valid] valid
        [invalid] invalid
        [inconclusive] inconclusive
       *[too_late] too late
    }
receipt-miner = Miner
receipt-output = Output
receipt-value = NNET
receipt-bits = Bits of certainty

## Statistics

stats = Statistics
stats-document = Adit – statistics
stats-away = The coordinator does not answer. It is asked again every five seconds.
stats-jobs = Jobs now
stats-no-jobs = None. Whoever mines waits for the next one.
stats-all = Verified so far
stats-sessions = browsers and programs
stats-today = Verified today
stats-of-units =
    { $count ->
        [one] operations in one unit
       *[other] operations in { $count } units
    }
stats-work = Verified work by day
stats-work-description = Chart of the work verified on each of the last 30 days.
stats-no-leaders = Nobody has chosen a name yet.
stats-operations = Operations
stats-last = Last receipt
stats-leaders = Most verified work
stats-place = Place
stats-note = Only verified work counts, and nobody is ranked by what they claim. This page knows no names but those that miners chose.
