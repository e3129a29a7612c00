"""Simulates a bank's transactions: accounts with habits, honest exceptions, and four kinds of fraud.

Every rule is here; no real person's data is used. Times are hours since the first midnight, amounts are cents.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

ACCOUNTS, MERCHANTS, COUNTRIES, DAYS = 2000, 1500, 8, 120
LIMIT = 10_000_00  # a payment of this much or more is reported, so structuring stays below
KINDS = ["honest", "card testing", "takeover", "mule", "structuring"]
HONEST, TESTING, TAKEOVER, MULE, STRUCTURING = range(len(KINDS))
CARD, ONLINE, TRANSFER = range(3)
# The number of campaigns in the simulation. Together they make about 1.5 % of the transactions.
CAMPAIGNS = {TESTING: 190, TAKEOVER: 300, MULE: 80, STRUCTURING: 110}


class Transaction(NamedTuple):
    """One payment; a receiver of ACCOUNTS or more is a merchant."""
    at: float
    sender: int
    receiver: int
    cents: int
    country: int
    device: int
    channel: int
    kind: int


@dataclass
class Account:
    """An account's ordinary behaviour."""
    number: int
    business: bool
    home: int
    amount: tuple  # mean and deviation of the amount's natural logarithm
    hour: tuple  # mean and deviation
    daily: float
    curiosity: float  # how often the receiver is a new one
    online: float
    merchants: np.ndarray
    friends: np.ndarray
    new_phones: list  # when a device replaced the one before
    trips: list = field(default_factory=list)  # (from, to, country)

    def country(self, at):
        return next((country for start, end, country in self.trips if start <= at < end), self.home)

    def device(self, at):
        return self.number * 100 + sum(at >= since for since in self.new_phones)


def transactions(seed):
    """All payments in chronological order."""
    return Simulation(np.random.default_rng(seed)).run()


class Simulation:
    def __init__(self, random):
        self.random, self.paid, self.strange_device = random, [], 10**6
        # Only few merchants are paid often.
        popularity = random.pareto(1.2, MERCHANTS) + 0.2
        self.popularity = popularity / popularity.sum()
        self.accounts = [self.account(number) for number in range(ACCOUNTS)]

    def run(self):
        for account in self.accounts:
            self.trips(account)
            self.days(account)
            self.sprees(account)
            self.large_purchases(account)
            if account.business:
                self.payrolls(account)
                self.invoices(account)
        for _ in range(ACCOUNTS // 4):
            self.collection()
        frauds = {TESTING: self.testing, TAKEOVER: self.takeover, MULE: self.mule, STRUCTURING: self.structuring}
        for kind, fraud in frauds.items():
            for _ in range(CAMPAIGNS[kind]):
                fraud()
        return sorted(self.paid)

    def account(self, number):
        random, normal, uniform = self.random, self.random.normal, self.random.uniform
        business = random.random() < 0.15
        return Account(
            number, business,
            home=0 if random.random() < 0.9 else self.other_country(0),
            amount=(normal(5.8, 0.9), uniform(0.7, 1.3)) if business else (normal(3.3, 0.5), uniform(0.5, 1.1)),
            hour=(normal(12, 1.5), uniform(1.5, 3)) if business else (normal(15, 3), uniform(2, 5)),
            daily=random.gamma(2, 0.7 if business else 0.4),
            curiosity=uniform(0.02, 0.15),
            online=random.beta(1, 3),
            merchants=random.choice(MERCHANTS, random.integers(5, 20), p=self.popularity) + ACCOUNTS,
            friends=random.choice(ACCOUNTS, random.integers(3, 10)),
            new_phones=self.moments(0.9),
        )

    # Honest exceptions.

    def days(self, account):
        for at in self.moments(account.daily * DAYS, hour=account.hour):
            self.everyday(account, at)

    def everyday(self, account, at, amount=1.0):
        random = self.random
        away = account.country(at) != account.home
        choice = random.random()
        if choice < account.curiosity or away:
            receiver, channel = self.merchant(), ONLINE if random.random() < account.online else CARD
        elif choice < account.curiosity + 0.12:
            receiver, channel = int(random.choice(account.friends)), TRANSFER
        else:
            favourite = min(int(random.geometric(0.25)) - 1, len(account.merchants) - 1)
            receiver, channel = int(account.merchants[favourite]), ONLINE if random.random() < account.online else CARD
        self.pay(account, at, receiver, amount * self.usual_amount(account), channel)

    def trips(self, account):
        """A trip of up to two weeks: another country, unknown merchants, more payments, other hours."""
        for start in self.moments(0.5):
            end = start + 24 * self.random.uniform(2, 14)
            account.trips.append((start, end, self.other_country(account.home)))
            for _ in range(self.random.poisson((end - start) / 16)):
                self.everyday(account, self.random.uniform(start, end), amount=1.4)

    def sprees(self, account):
        """Many payments within two hours: a fair, errands, or small purchases in an app."""
        for start in self.moments(1.2, hour=account.hour):
            small = self.random.random() < 0.5
            channel = ONLINE if self.random.random() < 0.5 else CARD
            for _ in range(self.random.integers(3, 11)):
                amount = self.random.uniform(0.5, 6) if small else self.usual_amount(account)
                self.pay(account, start + self.random.uniform(0, 2), self.merchant(), amount, channel)

    def large_purchases(self, account):
        """A purchase far above the habit, such as a car: mostly to a new receiver, sometimes in instalments."""
        for start in self.moments(1.5, hour=(14, 3)):
            amount = self.usual_amount(account) * self.random.uniform(5, 60)
            receiver = self.anybody() if self.random.random() < 0.4 else self.merchant()
            for instalment in range(self.random.choice([1, 2, 3], p=[0.8, 0.1, 0.1])):
                self.pay(account, start + instalment * self.random.uniform(0.1, 30), receiver, amount, TRANSFER)

    def payrolls(self, account):
        """A business pays its staff on the 25th, within half an hour."""
        staff, wage = self.random.choice(ACCOUNTS, self.random.integers(2, 12)), self.random.uniform(800, 3500)
        for month in range(DAYS // 30):
            start = 24 * (30 * month + 25) + self.random.uniform(8, 11)
            for person in staff:
                amount = wage * self.random.uniform(0.8, 1.2)
                self.pay(account, start + self.random.uniform(0, 0.5), int(person), amount, TRANSFER)

    def invoices(self, account):
        """Every third business pays suppliers amounts around the limit."""
        if self.random.random() < 1 / 3:
            suppliers, usual = self.random.choice(ACCOUNTS, 3), self.random.uniform(5_000, 11_000)
            for at in self.moments(14, hour=(11, 2)):
                self.pay(account, at, int(self.random.choice(suppliers)), usual * self.random.lognormal(0, 0.15), TRANSFER)

    def collection(self):
        """Friends pool money, or strangers buy a household's goods; then the money is spent."""
        person, start = self.accounts[self.anybody()], self.moment(hour=(17, 3))
        strangers, share, total = self.random.random() < 0.5, self.random.lognormal(4.0, 0.9), 0
        for _ in range(self.random.integers(3, 12)):
            payer = self.accounts[self.anybody() if strangers else int(self.random.choice(person.friends))]
            amount = share * (self.random.uniform(0.3, 2) if strangers else 1)
            self.pay(payer, start + self.random.exponential(14), person.number, amount, TRANSFER)
            total += amount
        for part in range(self.random.integers(1, 3)):
            receiver = self.merchant() if self.random.random() < 0.6 else self.anybody()
            self.pay(person, start + self.random.uniform(20, 72), receiver, total * self.random.uniform(0.4, 0.6), TRANSFER)

    # Frauds.

    def testing(self):
        """Stolen card numbers are tried with small amounts in quick succession; a working card is then used."""
        victim, at = self.accounts[self.anybody()], self.moment()
        device = self.stolen(victim, at, 0.85)
        country = victim.country(at) if self.random.random() < 0.45 else self.other_country(victim.home)
        pace = self.random.choice([0.05, 0.3, 3], p=[0.6, 0.25, 0.15])
        for _ in range(self.random.integers(2, 10)):
            self.pay(victim, at, self.merchant(), self.random.uniform(0.5, 8), ONLINE, TESTING, country, device)
            at += self.random.exponential(pace)
        for _ in range(self.random.choice([0, 1, 2], p=[0.4, 0.4, 0.2])):
            at += self.random.exponential(4)
            amount = self.usual_amount(victim) * self.random.uniform(1, 12)
            self.pay(victim, at, self.merchant(), amount, ONLINE, TESTING, country, device)

    def takeover(self):
        """A thief has the password and pays new receivers; careful ones keep to the victim's hours and amounts."""
        victim = self.accounts[self.anybody()]
        careful = self.random.random() < 0.35
        at = self.moment(hour=victim.hour if careful else None)
        device = self.stolen(victim, at, 0.5 if careful else 0.85)
        country = victim.country(at) if careful or self.random.random() < 0.5 else self.other_country(victim.home)
        for _ in range(self.random.integers(1, 6)):
            amount = self.usual_amount(victim) * self.random.uniform(*((1, 4) if careful else (2, 30)))
            receiver, channel = (self.anybody(), TRANSFER) if self.random.random() < 0.7 else (self.merchant(), ONLINE)
            self.pay(victim, at, receiver, amount, channel, TAKEOVER, country, device)
            at += self.random.exponential(20 if careful else 1)

    def mule(self):
        """Deceived people pay a mule from their own devices, and the mule passes most of the money on."""
        mule, start, total = self.accounts[self.anybody()], self.moment(hour=(13, 4)), 0
        for _ in range(self.random.integers(4, 14)):
            amount = self.random.lognormal(5.7, 0.8)
            at, victim = start + self.random.uniform(0, 36), self.accounts[self.anybody()]
            self.pay(victim, at, mule.number, amount, TRANSFER, MULE)
            total += amount
        for _ in range(self.random.integers(1, 5)):
            amount, total = total * self.random.uniform(0.3, 0.9), total * 0.5
            self.pay(mule, start + self.random.uniform(12, 44), self.anybody(), amount, TRANSFER, MULE)

    def structuring(self):
        """A sum that would be reported is sent in parts just below the limit."""
        wanted = self.random.random() < 0.6
        sender = self.random.choice([account for account in self.accounts if account.business == wanted])
        receivers = [self.anybody() for _ in range(self.random.integers(1, 4))]
        at, lowest = self.moment(hour=(12, 3)), self.random.choice([6_500, 8_500, 9_300])
        for _ in range(self.random.integers(3, 9)):
            amount = self.random.uniform(lowest, 9_990)
            self.pay(sender, at, int(self.random.choice(receivers)), amount, TRANSFER, STRUCTURING)
            at += self.random.uniform(2, 50)

    # Shared by both.

    def pay(self, account, at, receiver, amount, channel, kind=HONEST, country=None, device=None):
        cents = int(amount * 100)
        if not 0 <= at < 24 * DAYS or cents == 0 or receiver == account.number:
            return
        country = account.country(at) if country is None else country
        device = account.device(at) if device is None else device
        self.paid.append(Transaction(float(at), account.number, receiver, cents, country, device, channel, kind))

    def usual_amount(self, account):
        return self.random.lognormal(*account.amount)

    def moment(self, hour=None):
        hour = self.random.uniform(0, 24) if hour is None else self.random.normal(*hour) % 24
        return 24 * int(self.random.integers(DAYS)) + hour

    def moments(self, expected, hour=None):
        return [self.moment(hour) for _ in range(self.random.poisson(expected))]

    def stolen(self, victim, at, probability):
        """A device unknown to the bank, or the victim's own, taken over or imitated."""
        self.strange_device += 1
        return self.strange_device if self.random.random() < probability else victim.device(at)

    def anybody(self):
        return int(self.random.integers(ACCOUNTS))

    def merchant(self):
        return int(self.random.choice(MERCHANTS, p=self.popularity)) + ACCOUNTS

    def other_country(self, home):
        return int((home + self.random.integers(1, COUNTRIES)) % COUNTRIES)
