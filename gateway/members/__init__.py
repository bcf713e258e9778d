"""The operator's own list of members: reading, comparison with the store, description, export.

The command line and the console read the same files by the same rules: `cells` interprets a cell,
`spreadsheet` and `xlsx` split a file into lines, `importer` builds the members of a file, `diff`
compares them with the stored ones, `describe` describes changes, `export` writes a file that an
import reads.
"""
