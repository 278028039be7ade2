# What the console says, in English. The same keys stand in ru.ftl and kk.ftl.

## Navigation

nav-skip = Skip to the content
nav-label = Pages
nav-queue = Queue
nav-codes = Codes
nav-shops = Merchants
nav-quality = Quality
nav-ops = Operation
nav-dead-letters = Unreadable records
nav-audit = Trail
nav-settings = Settings
language = Language
sign-out = Sign out
close = Close
pager = More pages
pager-back = back
pager-on = on
pager-at = page { $page } of { $pages }
zone = Times: { $zone }
fresh = Data up to { $time } ({ $ago })
fresh-never = No data has come in yet
demo-title = Demonstration.
demo-text = Shops, partners and orders are simulated; an hour passes every second, and your decisions reach the detector. Whoever sits at this computer may do everything.
ago-seconds = { $n ->
    [one] { $shown } second ago
   *[other] { $shown } seconds ago
    }
ago-minutes = { $n ->
    [one] { $shown } minute ago
   *[other] { $shown } minutes ago
    }
ago-hours = { $n ->
    [one] { $shown } hour ago
   *[other] { $shown } hours ago
    }
ago-days = { $n ->
    [one] { $shown } day ago
   *[other] { $shown } days ago
    }
days = { $n ->
    [one] { $shown } day
   *[other] { $shown } days
    }
orders = { $n ->
    [one] { $shown } order
   *[other] { $shown } orders
    }
clicks = { $n ->
    [one] { $shown } click
   *[other] { $shown } clicks
    }
followers = { $n ->
    [one] { $shown } follower
   *[other] { $shown } followers
    }
days-short = { $days } d
hours-short = { $hours } h
minutes-short = { $minutes } min
yes = yes
no = no
any = any
save = Save

## Keys

keys-hint = Keys:
keys-title = Keys
keys-move = next and previous row
keys-open = open the row
keys-decide = decide
keys-outcome = choose an outcome; Enter sends
keys-note = write a note
keys-refresh = load what is new
keys-copy = copy the link
keys-search = search

## Queue

queue-title = Queue
queue-empty = No flag matches this.
queue-not-fed = Nothing has come in yet: the console shows flags as soon as the detector writes some.
figure-waiting = Flags that wait
figure-claimed = { $n ->
    [one] { $shown } in somebody’s hands
   *[other] { $shown } in somebody’s hands
    }
figure-leaking = Leaking now
figure-leaking-how = commission of the last 24 hours: the sum of leak probability × commission over orders
figure-exposure = Leaked so far
figure-exposure-how = commission since each start, as the flags estimate it
new-flags-count = { $n ->
    [one] { $shown } new flag: press r to load it
   *[other] { $shown } new flags: press r to load them
    }
filters = Filters
filter-code = Code
filter-status = Flags
filter-kind = Looks like
filter-merchant = Merchant
filter-score = Score from, dB
filter-who = In whose hands
filter-go = Show
sort = Order
status-waiting = waiting
status-decided = decided
status-cleared = over by themselves
status-any = all
sort-leaking = leaking now
sort-exposure = leaked so far
sort-score = score
sort-newest = last change
sort-oldest = oldest
who-nobody = nobody’s
who-me = mine
claimed-by = { $who } has this flag
claimed-until = until { $time }
state-open = open
state-escalated = much stronger
state-cleared = over
commission-unknown = no percentage in the registry

## Columns

col-code = Code
col-looks-like = Looks like
col-leaking = Leaking, 24 h
col-leaked = Leaked so far
col-orders = Leaked orders
col-score = Score
col-onset = Likely start
col-partner = Partner
col-merchant = Merchant
col-marketplace = Marketplace
col-who = Decision
col-time = Time
col-day = Day
col-order = Order
col-amount = Paid
col-commission = Commission
col-p-leak = Leak probability
col-all-orders = Orders
col-clickless = Without a click
col-clicks = Clicks
col-host = Site
col-signal = Signal
col-decibans = dB
col-sum = Sum so far
col-week-orders = Orders, 7 d
col-week-clicks = Clicks, 7 d
col-flags = Flags
col-open-score = Score of the open flag
col-waiting = Waiting
col-hits = Confirmed
col-misses = Refuted
col-undecided = Undecided
col-precision = Precision
col-worth = Worth the time
col-delay = Start to flag, median
col-score-max = Highest score
col-on-hits = Mean dB, confirmed
col-on-misses = Mean dB, refuted
col-spoke = Spoke
col-abstained = Abstained

## Code

never-flagged = never flagged
not-registered = This code is not in the registry: partner and merchant are unknown.
valid = valid
offline = also spoken or printed
copy-link = Copy link
copied = Copied
days-title = Days
days-none = No hours of this code are stored.
as-table = As a table
timeline-title = Orders and clicks by day
timeline-scroll = Picture of the days, scrolls sideways
timeline-desc = Before the likely start: { $before }. Since: { $after }.
timeline-told = { $orders } in { $days }, { $clickless } of them without a click, { $clicks }
mark-onset = likely start
mark-opened = flag
legend-clicked = orders with a click
legend-clickless = orders without a click
legend-clicks = clicks (scale on the right)
legend-usual = usual: four of five days before the start
legend-onset = likely start, 90 % interval
legend-post = partner’s post
evidence-title = Evidence
evidence-none = There is no flag on this code, so there is no stored evidence. “promoguard explain” tells the evidence of any code.
evidence-score = Score
evidence-silent = { $n ->
    [one] { $shown } signal said nothing
   *[other] { $shown } signals said nothing
    }
evidence-how = 10 dB more: the orders speak ten times more for a leak. Each bar begins where the one above it ended.
evidence-detector = Detector { $detector }, layer { $basis }.
evidence-gap = A gap in the input touches this evidence.
evidence-window = Seen from
week-title = Hours of the week
week-before = Before the likely start
week-after = Since the likely start
week-all = All stored hours
week-how = Orders a week in each hour; both on one scale, the darkest is { $top }.
day-monday = Mo
day-tuesday = Tu
day-wednesday = We
day-thursday = Th
day-friday = Fr
day-saturday = Sa
day-sunday = Su
orders-title = Newest orders
orders-none = No judged orders of this code are stored.
orders-how = { $shown } of { $all } stored orders. The probability is that of the moment at which the order was judged; a hold reckons it anew.
orders-csv = What to hold of each order (CSV)
exposure-title = Cost
exposure-none = Without a flag there is no estimate.
exposure-orders = Leaked orders
exposure-commission = Commission on them
exposure-vat = VAT on top
vat-unknown = unknown
exposure-leaking = Expected in the last 24 hours
exposure-how = From { $time } to { $until }, as the flag estimates it; below each figure its 90 % interval.
referrers-title = Where orders came from
referrers-none = No order of the flag names where the buyer came from.
coupon-site = known coupon site
cities-title = Cities
cities-none = Not stored: judged orders carry no city. The evidence “Outside the audience’s cities” says what the detector saw of places.
decisions-title = Decisions
decisions-none = Nobody has decided about this code yet.
decision-waits = on its way to the detector
held = { $amount } held from { $time } on
notes-title = Notes on the code
notes-none = No notes.
note-label = A note; stays with the code, on every later flag
note-add = Add note
similar-title = Similar
similar-none = No flag resembles this one.
similar-partner = the same partner
similar-host = orders from { $host } too
similar-evidence = the evidence agrees by { $share }
history-title = History of the flag
history-none = No flag yet.
history-revisions = { $n ->
    [one] { $shown } revision
   *[other] { $shown } revisions
    }
history-flags = All flags on the code
kit-title = After a leak: message and new code
kit-code = A code to replace it:
kit-how = Nothing is sent and no code is made: copy what you need.
kit-message = Hello! Your promo code { $code } is being used by people who never saw your posts: it has got to places outside your audience. We do not say that you passed it on. Please replace it by { $fresh }; orders of your followers are paid as before, those that came through the leak are being checked.

## Deciding

decide = Decide
decide-on = Go on
decide-about = Decide about { $code }
release = Let go
decide-title = Decide about { $code }
decide-what = What is it?
outcome-leak = Leak
outcome-legitimate = Legitimate
outcome-permitted = Permitted site
outcome-expected = Expected peak
outcome-data-error = Error in the data
outcome-unclear = Unclear
effect-leak = What is normal for the code stays as it was before the start.
effect-legitimate = A post, a broadcast, a sale: what the code does now becomes its normal.
effect-permitted = The brand allows the sites named below for this code.
effect-expected = A post is announced: say below when.
effect-data-error = Evidence since the start is void.
effect-unclear = Recorded, changes nothing; comes back if it gets much stronger.
decide-note = Why
decide-hosts = Permitted sites
decide-hosts-how = only for “Permitted site”; several with commas
decide-expected = When the post is expected (only for “Expected peak”)
decide-worth = Was this flag worth your time?
hold-title = Hold commission
hold-none = hold nothing
hold-low = from the low end of the interval, by probability
hold-onset = from the likely start
hold-at = from a time of my own
hold-preview = Preview
hold-no-flood = The flag is about made-up clicks: no order is held for it.
hold-not-yours = A lead may hold commission; your decision is recorded without a hold.
preview = Holds { $held } of { $commission }: parts of { $orders } of { $all }
preview-rest = { $released } is paid out. Window from { $time } on.
preview-nothing = There is no order to hold in this window.
decide-send = Decide
decide-send-how = It is on record at once, and on its way to the detector.
decided-as = Decided: { $outcome }.
decided-as-next = Decided: { $outcome }. This is the next flag.
decided-already = This flag was decided before: { $outcome }. A new decision replaces it.
overtaken = { $who } decided this flag while you were looking: { $outcome }, { $time }. Look again before you decide otherwise.

## Lists

codes-title = Codes
codes-count = { $n ->
    [one] { $shown } code
   *[other] { $shown } codes
    }
codes-none = No code matches this.
codes-how = The registry, with sums of the stored hours. A score is known of flagged codes only.
partner-flags = Flags
partner-hits = Confirmed leaks
partner-of = of { $all } decided
partner-held = Held
partner-no-flags = No code of this partner was ever flagged.
shops-title = Merchants
shops-none = No flag names a merchant yet.
shops-how = “Leaked so far” counts flags that wait or were confirmed; refuted ones are left out.
shops-places = By marketplace
shops-top = What leaks most
merchant-none = unregistered codes
own-site = own site

## Quality

quality-title = Quality of the flags
quality-how = By what people decided: “leak” confirms a flag; “legitimate”, “permitted site”, “expected peak” and “error in the data” refute it; “unclear” does neither.
quality-none = There are no flags yet.
quality-undecided = Nobody has decided yet, so precision is unknown.
quality-kinds = By kind
quality-bands = By highest score
quality-signals = By signal
quality-interval = Below a share its 90 % interval (Wilson).
quality-threshold = Another threshold
quality-threshold-none = What a lower threshold would have flagged is not stored. Try settings in shadow, or run “promoguard replay” and “promoguard evaluate” with them.

## Operation

ops-title = Operation
ops-newest = Newest event
ops-records = Records stored
ops-refused = Records refused
ops-refused-how = lines of the topics that could not be read
ops-outbox = Decisions waiting
ops-outbox-how = stored, and not yet with the detector
ops-size = Review store
ops-positions = How far the topics were read
ops-in-process = The detector runs in this process; there are no topics.
ops-topic = Topic
ops-partition = Partition
ops-offset = Next offset
ops-elsewhere = Rates, lag, late records
ops-metrics = Not in the review store: the detector tells them at its own /metrics address.

## Unreadable records

dead-title = Unreadable records
dead-how = As they came; they may hold personal data. That you looked is in the trail.
dead-none = None are stored. With Kafka they stay in their own topic (promo.dead-letters).
dead-count = { $n ->
    [one] { $shown } stored
   *[other] { $shown } stored
    }
dead-error = Why
dead-place = Where
dead-raw = The record

## Trail

audit-title = Trail: who did what
audit-whole = All { $entries } entries are as they were written; the anchors vouch for the first { $anchored }.
audit-broken = The trail was tampered with: entry { $seq }, { $why }.
audit-none = Nothing has been done yet.
audit-who = Who
audit-action = What
audit-object = To what
audit-detail = Details

## Settings

settings-title = Settings
users-title = Users
users-open = This console is open to whoever sits at the computer; it has no users.
user-add = Add user
user-name = Name
password = Password
password-how = 15 characters or more are good, 8 the least; spaces are welcome
role = Role
role-viewer = viewer
role-analyst = analyst
role-lead = lead
role-merchant = merchant
role-admin = admin
user-merchant = Merchant (for that role)
user-disabled = may not sign in
user-added = The user was added.
user-changed = The user was changed; the user’s sessions have ended.
sessions-title = Sessions
sessions-end = End the sessions of all others
sessions-end-sure = Everybody else must sign in again. Go on?
sessions-ended = The sessions of all others have ended.
tokens-title = Tokens for programs
tokens-how = A program that shows a token may do what its user may, within the scopes of the token. Description:
tokens-open = This console answers every program on this computer; it has no tokens.
tokens-none = There are no tokens.
token-made = The token, shown this once. Whoever has it can use it:
token-until = ends
token-used = last used
token-unused = never used
token-end = End
token-ended = The token has ended.
token-add = Make a token
token-user = Acts for
token-days = Days
scope-read = read
scope-export = orders
scope-decide = decide, notes
scope-hold = hold commission
scope-trail = trail
keeping-title = How long things are kept
keeping-hours = Hours of codes
keeping-orders = Orders of codes without a flag
keeping-flags = Flags, and orders of flagged codes
keeping-claim = A flag in somebody’s hands
keeping-idle = A session without use
keeping-how = Set in the settings file, section [review].
sources-title = Sources, notifications, coupon sites
sources-none = Not set here: inputs and coupon sites are in the settings file of the detector; there are no notifications yet.

## Signing in

sign-in-title = Sign in
sign-in = Sign in
sign-in-wrong = Wrong name or password.
sign-in-wait = { $n ->
    [one] Too many tries: wait { $shown } second.
   *[other] Too many tries: wait { $shown } seconds.
    }
sign-in-nobody = There are no users yet. Open the set-up link that “promoguard console” printed when it started.
set-up-title = The first admin
set-up-how = This link works once, within 15 minutes of the start.
set-up-token = Token from the link
set-up = Make the admin

## Faults

fault-title = This did not work
fault-back = To the queue
fault-not-found = There is nothing here, or nothing that you may see.
fault-forbidden = Your role may not do this.
fault-store = The review store failed. Nothing was changed; try again.
fault-number = Number of the fault for the log: { $number }
fault-form = The form cannot be understood.
fault-overtaken = Somebody else was faster: look at the flag again.
fault-outcome = Say what it is: choose one of the six.
fault-note = The note is empty or longer than 2 KiB.
fault-hosts = A site is written like berikod.ru, without a path.
fault-hosts-missing = Name the sites that are permitted.
fault-expected = Say when the post is expected.
fault-hold-at = Say from when to hold.
fault-hold-outcome = Commission is held for leaks only.
fault-name = A name has 2 to 64 letters, digits and . - _ @
fault-taken = This name is taken.
fault-merchant = Say which merchant the user belongs to.
fault-password-short = The password is too short: at least 8 characters.
fault-password-long = The password is too long: at most 128 characters.
fault-password-common = Everybody tries this password first.
fault-token = The set-up link is wrong, used or older than 15 minutes. Start the console again for a new one.
fault-token-user = There is no such user.
fault-token-scopes = Choose what the token is for.
fault-token-days = A token lives from 1 to 366 days.
fault-token-many = There are 200 tokens: end one first.
fault-no-token = Send a token that has not ended: Authorization: Bearer …
fault-forbidden-token = The role or the scopes of the token do not allow this.
fault-filter = There is no such status or order.
fault-last-admin = Somebody must be left to manage users.
