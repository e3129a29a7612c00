# Messages of the page that mines.

## The page

headline = Useful work, mined in this tab
lead =
    Adit lends your device's spare time to real jobs, such as matrix products and inference. Every result is checked,
    and what holds is paid.
lead-consent = Nothing runs until you press Start.
how = How it works
how-decide = You decide
how-decide-text = Start, Stop, and how hard to work. It rests on battery, and whenever you tell it to.
how-jobs = Real jobs
how-jobs-text = Small pieces of a requester's job run in this tab's sandbox. Your files stay out of reach.
how-paid = Checked, then paid
how-paid-text = Each result gets a signed receipt, which you can check right here.
footer = Free software. Your key stays in this browser; results go to { $host } and nowhere else.
to-dashboard = Operator's dashboard
history = Your history and earnings by day
rate-chart = Verified operations a second
rate-chart-description = Chart of the verified rate. The number above says the same.
rate-series = rate
document-idle = Adit
document-mining = { $rate }/s – Adit
document-paused = paused – Adit
