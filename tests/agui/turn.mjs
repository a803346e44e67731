// Turns of one conversation by AG-UI's official client, told as one JSON line. The client checks the order of events itself.
// node turn.mjs ADDRESS CLIENT THREAD QUESTION...   The key comes in GROUNDWORK_KEY.
import { HttpAgent } from "@ag-ui/client";

const [address, client, thread, ...questions] = process.argv.slice(2);
const agent = new HttpAgent({
  url: `${address}/agui`,
  headers: { Authorization: `Bearer ${process.env.GROUNDWORK_KEY}` },
  threadId: thread,
});

const turns = [];
for (const [index, content] of questions.entries()) {
  agent.addMessage({ id: `asked-${index}`, role: "user", content });
  const told = { events: [], outcome: null, error: null };
  turns.push(told);
  try {
    const result = await agent.runAgent(
      { runId: `run-${index}`, forwardedProps: { client } },
      {
        onEvent: ({ event }) => void told.events.push(event),
        onRunFinishedEvent: ({ outcome }) => void (told.outcome = outcome),
      },
    );
    told.newMessages = result.newMessages;
  } catch (error) {
    told.error = String(error?.message ?? error);
  }
}
console.log(JSON.stringify({ turns, messages: agent.messages }));
