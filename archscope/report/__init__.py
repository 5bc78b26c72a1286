"""The report page: one file that shows networks, what they cost and how they are built, without a server and without a request.

    page_data.py     everything on the page as plain data: the same numbers as the commands' JSON
    network_data.py  one network: its operators, modules, layers and costs in columns
    folding.py       how its diagram opens, block by block, each with the layout it has when it is opened
    cards.py         paper, variant, published claims with their verdicts
    page.py          the data, the script and the styles as one HTML file, with a Content-Security-Policy inside
    files.py         the page with its table, pictures and charts, in a folder
    notebook.py      the diagram alone, for a notebook's output

What runs in the browser is in `page/`, what others wrote of it in `vendor/`, with their licences.
"""
