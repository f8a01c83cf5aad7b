module gopem

go 1.21
