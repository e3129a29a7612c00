"""The features of a transaction as integers of 0..127, from it and earlier transactions only."""

import math
from collections import Counter, defaultdict, deque

import numpy as np

from simulate import ACCOUNTS, LIMIT, ONLINE, TRANSFER

HOUR, DAY, WEEK = 1, 24, 24 * 7
SMALL = 10_00


def features(transactions):
    """The features' names, and a row for each transaction in chronological order."""
    senders, receivers, rows = defaultdict(Sender), defaultdict(Receiver), []
    for now in transactions:
        sender, receiver = senders[now.sender], receivers[now.receiver]
        row = {**own_history(now, sender), **others(now, sender, receiver), **movement(now, sender, receivers[now.sender])}
        rows.append(list(row.values()))
        sender.add(now)
        receiver.add(now)
    return list(row), np.array(rows)


def level(value, low, high):
    """Maps low to 0 and high to 127, linearly and clamped. low > high if small values are the strange ones."""
    return round(127 * min(max((value - low) / (high - low), 0), 1))


def own_history(now, sender):
    """How far amount and time are from the account's habits."""
    today, week = sender.since(now.at - DAY), sender.since(now.at - WEEK)
    hour = [past for past in today if past.at >= now.at - HOUR]
    spent = now.cents + sum(past.cents for past in today)
    below = [past for past in [*week, now] if LIMIT * 0.65 <= past.cents < LIMIT]
    return {
        "amount": level(math.log10(now.cents), 1.5, 6.5),
        "amount_habit": level(sender.deviation(now.cents), -4, 4),
        "amount_largest": level(math.log2(now.cents / max(sender.largest, 1)), -8, 4),
        "day_habit": level(math.log2(spent / sender.daily(now.at)), -4, 6),
        "pause": level(math.log10(max(now.at - sender.last_at, 0.01)), -2, 2.5),
        "hour_count": level(len(hour), 0, 8),
        "day_count": level(len(today), 0, 16),
        "hour_small": level(sum(past.cents < SMALL for past in hour), 0, 6),
        "below_limit": level(now.cents, LIMIT * 0.5, LIMIT) if now.cents < LIMIT else 0,
        "week_below_limit": level(len(below), 0, 6),
        "hour_habit": level(sender.hours_off(now.at), 0, 12),
    }


def others(now, sender, receiver):
    """The receiver: whether account and bank know it, and how many first-time payers it has."""
    strangers = [past for past in sender.since(now.at - DAY) if past.first]
    return {
        "receiver_new": level(math.log2(1 + sender.receivers[now.receiver]), 5, 0),
        "day_new_receivers": level(len(strangers), 0, 8),
        "receiver_person": level(now.receiver < ACCOUNTS, 0, 1),
        "receiver_young": level(math.log10(max(now.at - receiver.first_at, 0.01)), 3.5, -2),
        "receiver_new_payers": level(receiver.new_payers(now), 0, 10),
    }


def movement(now, sender, own_receipts):
    """Country and device, and whether the payment passes on money that has just come in."""
    received = own_receipts.sum_since(now.at - 2 * DAY)
    spent = now.cents + sum(past.cents for past in sender.since(now.at - DAY))
    return {
        "channel": {TRANSFER: 127, ONLINE: 64}.get(now.channel, 0),
        "device_new": level(math.log2(1 + sender.devices[now.device]), 5, 0),
        "country_new": level(math.log2(1 + sender.countries[now.country]), 5, 0),
        "country_jump": level(sender.hours_elsewhere(now), 48, 0),
        "passed_on": level(min(spent / received, received / spent) if received else 0, 0, 1),
        "received_habit": level(math.log2(max(received, 1) / sender.daily(now.at)), -2, 8),
    }


class Past:
    __slots__ = ("at", "cents", "first")

    def __init__(self, at, cents, first):
        self.at, self.cents, self.first = at, cents, first


class Sender:
    """The payments of an account so far."""

    def __init__(self):
        self.count, self.cents, self.largest = 0, 0, 0
        self.logs, self.squares = 0.0, 0.0
        self.first_at, self.last_at = math.nan, -math.inf
        self.east, self.north = 0.0, 0.0
        self.week = deque()
        self.receivers, self.devices, self.countries = Counter(), Counter(), Counter()
        self.country_at = {}

    def add(self, now):
        if self.count == 0:
            self.first_at = now.at
        log, angle = math.log(now.cents), now.at * math.tau / DAY
        self.count, self.cents, self.largest = self.count + 1, self.cents + now.cents, max(self.largest, now.cents)
        self.logs, self.squares = self.logs + log, self.squares + log * log
        self.east, self.north = self.east + math.cos(angle), self.north + math.sin(angle)
        self.week.append(Past(now.at, now.cents, self.receivers[now.receiver] == 0))
        while self.week[0].at < now.at - WEEK:
            self.week.popleft()
        self.receivers[now.receiver] += 1
        self.devices[now.device] += 1
        self.countries[now.country] += 1
        self.country_at[now.country] = self.last_at = now.at

    def since(self, at):
        return [past for past in self.week if past.at >= at]

    def deviation(self, cents):
        """The amount's logarithm minus the mean, in standard deviations; a few made-up payments stabilize the start."""
        count, mean = self.count + 3, (self.logs + 3 * 8) / (self.count + 3)
        variance = (self.squares + 3 * 65) / count - mean * mean
        return (math.log(cents) - mean) / math.sqrt(max(variance, 0.1))

    def daily(self, at):
        """The mean amount per day, in cents."""
        days = (at - self.first_at) / DAY if self.count else 0
        return (self.cents + 1000) / (days + 1)

    def hours_off(self, at):
        """The distance from the mean hour of the day."""
        if self.count == 0:
            return 0
        apart = (at * math.tau / DAY - math.atan2(self.north, self.east)) % math.tau
        return min(apart, math.tau - apart) * DAY / math.tau

    def hours_elsewhere(self, now):
        """Hours since the last payment from another country."""
        return now.at - max((at for country, at in self.country_at.items() if country != now.country), default=-math.inf)


class Receiver:
    """The payments to an account or a merchant so far."""

    def __init__(self):
        self.first_at, self.payers, self.recent = math.inf, set(), deque()

    def add(self, now):
        self.first_at = min(self.first_at, now.at)
        self.recent.append(Past(now.at, now.cents, now.sender not in self.payers))
        self.payers.add(now.sender)
        while self.recent[0].at < now.at - 2 * DAY:
            self.recent.popleft()

    def new_payers(self, now):
        """First-time payers within the last day, this one included."""
        return sum(past.first and past.at >= now.at - DAY for past in self.recent) + (now.sender not in self.payers)

    def sum_since(self, at):
        return sum(past.cents for past in self.recent if past.at >= at)
