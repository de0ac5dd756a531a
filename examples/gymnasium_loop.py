"""A Gymnasium loop: a random agent plays the cool tomato, and is told what it did wrong."""

import random

import gymnasium as gym

import trpg_env  # noqa: F401 - registers AgentRefine-v0

env = gym.make("AgentRefine-v0", script="cool-tomato", admissible_actions=True)
env.action_space.seed(7)
rng = random.Random(7)
observation, info = env.reset(seed=7)
print(observation, "\n")

total, over = 0.0, False
while not over:
    # Mostly something that can be done now, sometimes any valid action.
    action = rng.choice(info["admissible_actions"]) if rng.random() < 0.7 else env.action_space.sample()
    observation, reward, terminated, truncated, info = env.step(action)
    total += float(reward)
    over = terminated or truncated
    wrong = [kind for kind in ("parameter", "place", "logic") if info["assessment"][f"{kind}_error"]]
    print(f"> {action}\n{f'[{wrong[0]} error] ' if wrong else ''}{observation}")

print(f"\nreturn {total:.2f}, progress {info['progress']:.0%}, success {info['success']}")
env.close()
