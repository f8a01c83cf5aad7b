module earthlyconfig

go 1.21.0

require (
	github.com/earthly/earthly v0.8.16
	github.com/joho/godotenv v1.5.1
)

require (
	github.com/cpuguy83/go-md2man/v2 v2.0.2 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/urfave/cli/v2 v2.27.1 // indirect
	github.com/xrash/smetrics v0.0.0-20201216005158-039620a65673 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
