"""Runs the workflows on one machine, without GitHub or Azure: `python3 -m cdp_dryrun infrastructure`.

`run` steps are really run, in order, by bash. What needs a cloud is a stand-in on the PATH that records its calls and
can be made to fail; actions of others are recorded and not run. It knows the expressions and forms that these
workflows use, and refuses others.
"""
