"""Prints, as JSON, how pandas reads the tables that scikit-learn and statsmodels bring along: for each its path, and for each delimiter its
rows, names, and the sum of each column of numbers (null for any other). Where pandas reads none there is an error instead."""

import json
import pathlib
import sys

import pandas
import sklearn.datasets
import statsmodels.datasets


SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def summary(path, separator):
    try:
        table = pandas.read_csv(path, sep=separator)
    except Exception as error:
        return {"error": str(error)}
    numbers = [pandas.api.types.is_numeric_dtype(kind) and kind != bool for kind in table.dtypes]
    sums = [float(table.iloc[:, index].sum()) if is_number else None for index, is_number in enumerate(numbers)]
    return {"rows": len(table), "names": [str(name) for name in table.columns], "sums": sums}


roots = [pathlib.Path(package.__file__).parent for package in (sklearn.datasets, statsmodels.datasets)]
paths = sorted(path for root in roots for path in root.rglob("*.csv"))
read = lambda path: {name: summary(path, separator) for name, separator in SEPARATORS.items()}
json.dump([{"path": str(path), "by": read(path)} for path in paths], sys.stdout)
