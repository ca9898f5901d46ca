# taskq: one image for the migration, the server and the worker; the command says which.
FROM node:24-slim

ENV NODE_ENV=production GRAPHILE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
COPY tools/node24/package.json tools/node24/
# PostgreSQL comes from its own container here, and system Node is new enough
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

COPY .gmrc ./
COPY db db
COPY functions functions
COPY server server
COPY worker worker

USER node
# not through npm, which does not pass SIGTERM on
CMD ["node", "server/main.ts"]
