"""Benchmarks: models to timings. Measuring needs torch; the records, their statistics and files do not, and no import here
brings it in.

    records      what a benchmark leaves: Bench, Session, Timing, Environment ...
    statistics   quantiles, intervals, ratios, trends
    summary      a timing's figures: median, throughput, share of the ceilings
    cautions     what to be careful about, each with cause and remedy
    files        saved benchmarks: read, join, compare environments
    table        reports for the renderers
    devices      the clock and the allocator of a CPU, a CUDA device, Apple's GPU
    timing       warm-up and rounds
    measure      models and settings to a session
"""
