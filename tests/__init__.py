"""Tests of certkit: they go through `main(argv)`, real files, real sockets and real daemons."""
