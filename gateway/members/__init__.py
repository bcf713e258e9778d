"""The operator's own list of members: read, compared with what is kept, told in words, written.

The command line and the console read the same files by the same rules: `cells` is what a cell
means, `sheet` and `xlsx` a file as lines, `lines` the members of a file, `change` what it does to
those who are kept, `words` what changed, `export` the file that an import reads.
"""
