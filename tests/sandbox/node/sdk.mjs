// Copyright (c) 2026, the voiceops.vapi_didlogic authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Runs the official JavaScript SDK against the sandbox. Takes steps as JSON on standard input and prints what each of
// them answered, as JSON: {"value": …} or {"status": …, "body": …}. A step is [name, "resource.method", ...arguments];
// an argument {"$": "name.path"} is the part of an earlier answer.
import { VapiClient } from "@vapi-ai/server-sdk";

const client = new VapiClient({ token: process.env.SANDBOX_VAPI_KEY, baseUrl: process.env.SANDBOX_VAPI_URL });
const steps = JSON.parse(await new Response(process.stdin).text());
const answers = {};

function resolve(value) {
  if (Array.isArray(value)) return value.map(resolve);
  if (value === null || typeof value !== "object") return value;
  if ("$" in value) return value.$.split(".").reduce((part, name) => part[name], answers);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
}

const report = {};
for (const [name, method, ...args] of steps) {
  const [resource, operation] = method.split(".");
  try {
    const value = await client[resource][operation](...resolve(args), { maxRetries: 0 });
    answers[name] = value ?? null;
    report[name] = { value: value ?? null };
  } catch (error) {
    report[name] = { status: error.statusCode ?? null, body: error.body ?? String(error) };
  }
}
console.log(JSON.stringify(report));
