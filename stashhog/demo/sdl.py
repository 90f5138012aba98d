"""The part of Stash's GraphQL interface that the sample Stash has.

Rules:
- Only what StashHog, its tests and a curious newcomer ask for; anything else is a validation error,
  as any unknown field is.
- A line that ends in `# >=27` exists from that minor release on, one with `# <27` before it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from graphql import GraphQLSchema, build_schema

from stashhog.demo.sdl_inputs import INPUTS

_GATE = re.compile(r"#\s*(>=|<)(\d+)\s*$")

_TYPES = """
scalar Time
scalar Int64

type Fingerprint { type: String! value: String! }
type StashID {
  endpoint: String!
  stash_id: String!
  updated_at: Time!  # >=28
}
type VideoFile {
  id: ID!
  path: String!
  basename: String!
  mod_time: Time!
  size: Int64!
  format: String!
  width: Int!
  height: Int!
  duration: Float!
  video_codec: String!
  audio_codec: String!
  frame_rate: Float!
  bit_rate: Int!
  fingerprint(type: String!): String
  fingerprints: [Fingerprint!]!
  created_at: Time!
  updated_at: Time!
}
type ScenePathsType {
  screenshot: String
  preview: String
  stream: String
  webp: String
  vtt: String
  sprite: String
}
type SceneStreamEndpoint { url: String! mime_type: String label: String }
type Gallery { id: ID! }
type Group { id: ID! }
type SceneGroup { group: Group! scene_index: Int }
type SceneMarker { id: ID! }
type Scene {
  id: ID!
  title: String
  code: String
  details: String
  director: String
  urls: [String!]!
  date: String
  rating100: Int
  organized: Boolean!
  o_counter: Int
  play_count: Int
  created_at: Time!
  updated_at: Time!
  files: [VideoFile!]!
  paths: ScenePathsType!
  scene_markers: [SceneMarker!]!
  galleries: [Gallery!]!
  studio: Studio
  groups: [SceneGroup!]!  # >=27
  tags: [Tag!]!
  performers: [Performer!]!
  stash_ids: [StashID!]!
  sceneStreams: [SceneStreamEndpoint!]!
}
type Performer {
  id: ID!
  name: String!
  disambiguation: String
  details: String
  alias_list: [String!]!
  urls: [String!]  # >=27
  favorite: Boolean!
  ignore_auto_tag: Boolean!
  scene_count: Int!
  image_count: Int!
  gallery_count: Int!
  group_count: Int!  # >=27
  movie_count: Int!
  performer_count: Int!
  stash_ids: [StashID!]!
  created_at: Time!
  updated_at: Time!
}
type Tag {
  id: ID!
  name: String!
  sort_name: String  # >=28
  description: String
  aliases: [String!]!
  favorite: Boolean!  # >=26
  ignore_auto_tag: Boolean!
  stash_ids: [StashID!]!  # >=30
  scene_count(depth: Int): Int!
  scene_marker_count(depth: Int): Int!
  image_count(depth: Int): Int!
  gallery_count(depth: Int): Int!
  performer_count(depth: Int): Int!
  studio_count(depth: Int): Int!  # >=27
  group_count(depth: Int): Int!  # >=27
  movie_count(depth: Int): Int!  # >=27
  parents: [Tag!]!
  children: [Tag!]!
  parent_count: Int!
  child_count: Int!
  created_at: Time!
  updated_at: Time!
}
type Studio {
  id: ID!
  name: String!
  details: String
  aliases: [String!]!
  urls: [String!]!  # >=30
  favorite: Boolean!  # >=26
  ignore_auto_tag: Boolean!
  parent_studio: Studio
  child_studios: [Studio!]!
  scene_count(depth: Int): Int!
  image_count(depth: Int): Int!
  gallery_count(depth: Int): Int!
  performer_count(depth: Int): Int!
  group_count(depth: Int): Int!  # >=27
  movie_count(depth: Int): Int!
  stash_ids: [StashID!]!
  created_at: Time!
  updated_at: Time!
}

type FindScenesResultType { count: Int! duration: Float! filesize: Float! scenes: [Scene!]! }
type FindPerformersResultType { count: Int! performers: [Performer!]! }
type FindTagsResultType { count: Int! tags: [Tag!]! }
type FindStudiosResultType { count: Int! studios: [Studio!]! }
type Version { version: String hash: String! build_time: String! }
type SystemStatus {
  databaseSchema: Int
  databasePath: String
  configPath: String
  appSchema: Int!
  status: SystemStatusEnum!
  os: String!
}
type StatsResultType {
  scene_count: Int!
  performer_count: Int!
  studio_count: Int!
  tag_count: Int!
}
type StashConfig { path: String! }
type ConfigGeneralResult { stashes: [StashConfig!]! apiKey: String! databasePath: String! }
type ConfigResult { general: ConfigGeneralResult! }
type Job {
  id: ID!
  status: JobStatus!
  subTasks: [String!]
  description: String!
  progress: Float
  startTime: Time
  endTime: Time
  addTime: Time!
  error: String  # >=26
}
type JobStatusUpdate { type: JobStatusUpdateType! job: Job! }

type Query {
  findScene(id: ID, checksum: String): Scene
  findScenes(
    scene_filter: SceneFilterType
    scene_ids: [Int!]
    ids: [ID!]
    filter: FindFilterType
  ): FindScenesResultType!
  findPerformer(id: ID!): Performer
  findPerformers(
    performer_filter: PerformerFilterType
    filter: FindFilterType
    performer_ids: [Int!]
    ids: [ID!]
  ): FindPerformersResultType!
  findTag(id: ID!): Tag
  findTags(tag_filter: TagFilterType, filter: FindFilterType, ids: [ID!]): FindTagsResultType!
  findStudio(id: ID!): Studio
  findStudios(
    studio_filter: StudioFilterType
    filter: FindFilterType
    ids: [ID!]
  ): FindStudiosResultType!
  version: Version!
  systemStatus: SystemStatus!
  stats: StatsResultType!
  configuration: ConfigResult!
  jobQueue: [Job!]
  findJob(input: FindJobInput!): Job
}

type Mutation {
  sceneCreate(input: SceneCreateInput!): Scene
  sceneUpdate(input: SceneUpdateInput!): Scene
  scenesUpdate(input: [SceneUpdateInput!]!): [Scene]
  bulkSceneUpdate(input: BulkSceneUpdateInput!): [Scene!]
  sceneDestroy(input: SceneDestroyInput!): Boolean!
  performerCreate(input: PerformerCreateInput!): Performer
  performerUpdate(input: PerformerUpdateInput!): Performer
  performerDestroy(input: PerformerDestroyInput!): Boolean!
  tagCreate(input: TagCreateInput!): Tag
  tagUpdate(input: TagUpdateInput!): Tag
  tagDestroy(input: TagDestroyInput!): Boolean!
  tagsMerge(input: TagsMergeInput!): Tag
  studioCreate(input: StudioCreateInput!): Studio
  studioUpdate(input: StudioUpdateInput!): Studio
  studioDestroy(input: StudioDestroyInput!): Boolean!
  moveFiles(input: MoveFilesInput!): Boolean!
  metadataScan(input: ScanMetadataInput!): ID!
  stopJob(job_id: ID!): Boolean!
}

type Subscription {
  jobsSubscribe: JobStatusUpdate!
  scanCompleteSubscribe: Boolean!
}
"""


@lru_cache(maxsize=8)
def schema_of(release: int) -> GraphQLSchema:
    """The schema as one minor release has it."""
    lines = []
    for line in (INPUTS + _TYPES).splitlines():
        gate = _GATE.search(line)
        if gate is None or (release >= int(gate[2])) is (gate[1] == ">="):
            lines.append(line)
    return build_schema("\n".join(lines))
