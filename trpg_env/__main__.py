"""`python -m trpg_env`: the command line."""

from trpg_env.cli import main

raise SystemExit(main())
