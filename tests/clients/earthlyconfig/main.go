// Earthlyconfig reads configurations and .env files by Earthly's own code, and patterns as it does, by Go's.
//
// It reads one JSON object a line, and answers with one: what went wrong, or what was read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"github.com/earthly/earthly/config"
	"github.com/joho/godotenv"
)

type question struct {
	Config []byte // base64 in JSON, as encoding/json has it
	Env    []byte

	Pattern []byte
}

type answer struct {
	Error  string
	Global *config.GlobalConfig        `json:",omitempty"`
	Git    map[string]config.GitConfig `json:",omitempty"`
	Env    map[string]string           `json:",omitempty"`
}

func read(asked question) (answered answer) {
	defer func() {
		if problem := recover(); problem != nil {
			answered = answer{Error: fmt.Sprint("panic: ", problem)}
		}
	}()
	if asked.Pattern != nil {
		if _, err := regexp.Compile(string(asked.Pattern)); err != nil {
			return answer{Error: err.Error()}
		}
		return answer{}
	}
	if asked.Env != nil {
		found, err := godotenv.UnmarshalBytes(asked.Env)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Env: found}
	}
	found, err := config.ParseYAML(asked.Config, "earthly")
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Global: &found.Global, Git: found.Git}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Printf("{\"Error\": %q}\n", "no question: "+err.Error())
			continue
		}
		answered, err := json.Marshal(read(asked))
		if err != nil {
			answered = []byte(fmt.Sprintf("{\"Error\": %q}", "no answer: "+err.Error()))
		}
		fmt.Println(string(answered))
	}
}
