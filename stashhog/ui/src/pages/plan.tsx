// A plan under review.

import type { Page, PageProps } from "../pages";
import { useTitle } from "../core/load";

export const planPage: Page = { path: "/plans/:id", view: PlanReview, whole: true };

function PlanReview({ id }: PageProps) {
  useTitle(`Plan ${id}`);
  return <p class="loading">Plan {id}</p>;
}
