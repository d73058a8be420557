"""What any service in Python must at least do: `python csv_bare_loop.py FILE` reads it strictly, and prints
the number of records and the seconds, without the start of the process."""

import csv
import sys
import time

started = time.perf_counter()
count = 0
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for _record in csv.reader(file, strict=True):
        count += 1
print(count, time.perf_counter() - started)
