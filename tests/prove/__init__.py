"""Faults by the thousand, each schedule against a table of what is right.

=============== ====================================================================================
``peer``        a server of raw bytes: it shares nothing with the client or with the simulator
``market``      what the server has, and which cells a frame of it must hold
``faults``      the ways in which an answer can go wrong, and what is right for each (``draft``: what they
                change; ``wire_faults``, ``row_faults``: those of bytes and of rows)
``rest``        a schedule over REST: a sick server, then an offline ask, then a healthy server
``stores``      a schedule of damaged files, killed writers, two processes; ``asks``: what both of these do
``live``        a schedule over WebSocket, against ``ws_peer``, also of raw bytes
``fuzz``        any bytes to what reads bytes
``runs``        schedules by their seeds, in processes; failures are made small; the report
=============== ====================================================================================

``make prove`` runs them all; ``python -m tests.prove --seed N`` repeats one.
"""
